"""Cases through OpenRLHF's own experience maker, experiences and length penalties: JSON in, JSON out. No Ray, no vLLM.

A case: settings (the `darling:` node), texts, rewards, logprobs; n, estimator; micro_batch; order (the rows of a
dynamic batch); reward (arguments of OpenRLHF); state (of a checkpoint). Result: by row, `advantages` of all its tokens
and `reward`; `metrics`, `state`; or `error`. Beside the cases, `trainer`: what its hooks do.
"""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ray
import words

from darling_plugin.integrations.openrlhf.worker import install


def run_case(case: dict[str, Any], tokenizer: Any, folder: Path) -> dict[str, Any]:
    import torch
    from openrlhf.trainer.ppo_utils.experience import Experience

    from darling_plugin.errors import DarlingError
    from darling_plugin.integrations.openrlhf.experience_maker import DarlingExperienceMaker

    os.environ["DARLING_OPENRLHF"] = json.dumps(case["settings"])
    job = SimpleNamespace(
        rollout=SimpleNamespace(n_samples_per_prompt=case["n"], max_new_tokens=8, micro_batch_size=case["micro_batch"]),
        train=SimpleNamespace(dynamic_batch_enable=False),
        data=SimpleNamespace(max_len=32),
        reward=SimpleNamespace(**{"clip_range": (-10, 10), "remote_url": ["f.py"]} | case.get("reward", {})),
        ckpt=SimpleNamespace(path=str(folder)),
        algo=SimpleNamespace(
            advantage=SimpleNamespace(estimator=case["estimator"], gamma=1.0, lambd=1.0, no_std_norm=False)
        ),
    )
    maker = DarlingExperienceMaker(
        None, None, None, None, SimpleNamespace(value=0.0), SimpleNamespace(args=job), tokenizer
    )
    if "state" in case:
        maker.darling.load_state_dict(case["state"])
    singles = [experience(case, i, tokenizer) for i in range(len(case["texts"]))]
    if case.get("order"):
        for row, single in enumerate(singles):
            single.index = [row]
        size = case["micro_batch"]
        chunks = [case["order"][k : k + size] for k in range(0, len(singles), size)]
        experiences = [Experience.concat_experiences([singles[i] for i in rows], 0) for rows in chunks]
    else:
        experiences = maker.split_rollout_samples(singles)
    for each in experiences:  # what the models' forward passes add
        each.kl = torch.ones(each.action_mask.shape)
    maker.global_step = 1
    try:
        done = maker.compute_advantages_and_returns(experiences)
    except DarlingError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    by_row: dict[int, dict[str, Any]] = {}
    for each in done:
        for k, row in enumerate(each.index):
            mask = each.action_mask[k].bool()
            assert torch.equal(each.returns[k], each.advantages[k])
            by_row[row] = {
                "advantages": each.advantages[k][mask].tolist(),
                "reward": each.rewards[k].item(),
                "logged": each.info["reward"][k].item(),
            }
    return {
        "rows": [by_row[row] for row in sorted(by_row)],
        "metrics": maker.darling.metrics(),
        "state": maker.darling.state_dict(),
    }


def experience(case: dict[str, Any], i: int, tokenizer: Any) -> Any:
    """One response of one prompt, as OpenRLHF makes it; `|` in a text ends a turn, and an environment answers "sky"."""
    import torch
    from openrlhf.trainer.ppo_utils.experience import Experience

    prompt = f"{words.WORDS[i // case['n'] % 12]} one"
    tokens, mask = tokenizer(prompt)["input_ids"], []
    mask += [0] * len(tokens)
    turns = case["texts"][i].split("|")
    for turn in turns:
        written = tokenizer(turn)["input_ids"]
        tokens, mask = tokens + written, mask + [1] * len(written)
        if turn is not turns[-1]:
            tokens, mask = [*tokens, tokenizer("sky")["input_ids"][0]], [*mask, 0]
    tokens, mask = [*tokens, tokenizer.eos_token_id], [*mask, 1]
    reward = torch.tensor([case["rewards"][i]])
    action = torch.tensor([mask[1:]])
    return Experience(
        sequences=torch.tensor([tokens]),
        attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
        action_mask=action,
        action_log_probs=case["logprobs"][i] * action.float() if "logprobs" in case else None,
        prompts=[prompt],
        labels=[None],
        images=[None],
        mm_train_inputs=[None],
        rewards=reward,
        scores=reward.clone(),
        response_length=torch.tensor([sum(mask)]),
        truncated=torch.tensor([False]),
        total_length=torch.tensor([float(len(tokens))]),
        info={"reward": reward.clone()},
    )


def run_trainer(tokenizer: Any, folder: Path) -> dict[str, Any]:
    """OpenRLHF's `BasePPOTrainer` with our hooks: a checkpoint is saved, and another is resumed from. No actors."""
    from openrlhf.trainer import ppo_trainer

    saved: dict[str, Any] = {}

    class Actors:
        def async_run_method(self, method_name: str, **arguments: Any) -> list[Any]:
            if method_name == "get_checkpoint_states":
                return [{"global_step": 7, "darling": {"shift": -4.0, "objective": {}}}]
            saved.update({"method": method_name} | arguments)
            return []

    (folder / "_actor").mkdir(parents=True)
    os.environ["DARLING_OPENRLHF"] = json.dumps({"similarity": {"name": "lexical"}})
    off = SimpleNamespace(key=None)
    job = SimpleNamespace(
        algo=SimpleNamespace(
            kl=SimpleNamespace(target=None, init_coef=0.0), advantage=SimpleNamespace(estimator="dr_grpo")
        ),
        reward=SimpleNamespace(remote_url=["f.py"]),
        logger=SimpleNamespace(wandb=off, tensorboard_dir=None, logging_steps=1),
        ckpt=SimpleNamespace(path=str(folder), load_enable=True, save_steps=2, best_metric_key="none"),
    )
    ppo_trainer.ray = SimpleNamespace(get=lambda found: found)  # the actors above are in this process
    trainer = ppo_trainer.BasePPOTrainer(SimpleNamespace(args=job), Actors(), None, None, None, None, tokenizer)
    resumed = trainer.init_checkpoint_states()
    client_states = {"global_step": 2}
    trainer.save_logs_and_checkpoints(2, {"rollout/response_length_mean": 3.5, "timing/generation": 2.0}, client_states)
    (metrics,) = (folder / "metrics").iterdir()
    return {
        "maker": type(trainer.experience_maker).__name__,
        "resumed": resumed["global_step"],
        "state": trainer.experience_maker.darling.state_dict(),
        "saved": saved | {"same": saved["client_states"] is client_states},
        "metrics": json.loads(metrics.read_text()),
    }


if __name__ == "__main__":
    out = Path(sys.argv[1])
    tokenizer = words.write_tokenizer(out / "tokenizer")
    install()  # as Ray does at the start of a worker
    ray.init(num_cpus=2)  # for the case with a service
    cases = json.loads(sys.stdin.read())
    results = {name: run_case(case, tokenizer, out / name) for name, case in cases.items()}
    results["trainer"] = run_trainer(tokenizer, out / "trainer")
    (out / "results.json").write_text(json.dumps(results))
