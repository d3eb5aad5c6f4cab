"""DARLING in OpenRLHF's own experience maker, against `core` and the step. All cases run in one process."""

import hashlib
import json

import numpy as np
import pytest
import words

from darling_plugin.config import parse_settings
from darling_plugin.core import find_partition, fuse_rewards, group_advantages, partition_diversity
from darling_plugin.objectives import OBJECTIVES
from darling_plugin.rollouts import Rollouts
from darling_plugin.similarity import LexicalSimilarity
from darling_plugin.step import Step

N, ROWS = 4, 24
LEXICAL = {"name": "lexical", "threshold": 0.4, "short_text_rule": False}
VECTORS = {"name": "classifier"}  # for objectives that need an encoding of each response
draw = np.random.default_rng(1)
TEXTS = [" ".join(draw.choice(words.WORDS[:4], draw.integers(1, 5))) for _ in range(ROWS)]
REWARDS = draw.random(ROWS).astype(np.float32).tolist()
LOGPROBS = (-draw.integers(1, 9, ROWS) / 4).tolist()
UID = [row // N for row in range(ROWS)]
# blake2b of "red one", "blue one" …: what names a prompt in every epoch and after a restart.
PROMPT_IDS = [hashlib.blake2b(f"{word} one".encode(), digest_size=8).hexdigest() for word in words.WORDS[: ROWS // N]]


def case(**changes):
    return {
        "settings": {"similarity": LEXICAL},
        "texts": TEXTS,
        "rewards": REWARDS,
        "logprobs": LOGPROBS,
        "n": N,
        "estimator": "dr_grpo",
        "micro_batch": 3,  # they cut the groups of 4
    } | changes


def settings_of(objective: str) -> dict:
    needs = OBJECTIVES[objective].needs
    similarity = VECTORS if needs & {"vectors"} else LEXICAL if needs & {"classes", "probabilities"} else {}
    return {"objective": objective, "similarity": similarity}


CASES = {
    "cut groups": case(),
    "shuffled rows": case(order=draw.permutation(ROWS).tolist(), micro_batch=5),
    "service": case(settings={"similarity": LEXICAL, "service": {"backend": "ray"}}),
    "rloo": case(estimator="rloo"),
    "divided by the std": case(settings={"similarity": LEXICAL, "advantage": {"normalize_by_std": True}}),
    "clipped": case(
        settings={"similarity": LEXICAL, "advantage": {"normalize_by_std": True}}, reward={"clip_range": (-0.5, 0.5)}
    ),
    "negative": case(rewards=[reward - 1.5 for reward in REWARDS]),
    "resumed": case(state={"shift": -3.0, "objective": {}}),
    "reward model": case(rewards=[reward - 1.5 for reward in REWARDS], reward={"remote_url": None}),
    "overlong": case(reward={"overlong_buffer_len": 8.0, "overlong_penalty_factor": 1.0}),
    "monitor": case(settings={"similarity": LEXICAL, "monitor": True}, estimator="group_norm"),
    "turns": case(texts=[f"red one two|{text}" for text in TEXTS]),
    "broken": case(settings={"similarity": {"name": "callable", "function": "json:loads"}}),
    "broken, on quality": case(
        settings={"similarity": {"name": "callable", "function": "json:loads"}, "on_failure": "quality_only"}
    ),
    "needy": case(settings={"objective": "needy:Needy"}, order=draw.permutation(ROWS).tolist()),
    "needy, resumed": case(
        settings={"objective": "needy:Needy"}, state={"shift": "none", "objective": dict.fromkeys(PROMPT_IDS, 3)}
    ),
    **{f"objective {name}": case(settings=settings_of(name)) for name in OBJECTIVES},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experiences")


@pytest.fixture(scope="module")
def results(run, folder):
    from make_experiences import __file__ as program

    run(program, folder, input=json.dumps(CASES))
    return json.loads((folder / "results.json").read_text())


def advantages(result) -> np.ndarray:
    """One per row; every token of a response has the same."""
    rows = [row["advantages"] for row in result["rows"]]
    assert all(len(set(row)) == 1 for row in rows)
    return np.array([row[0] for row in rows])


def core(rewards=REWARDS, shift=0.0) -> tuple[np.ndarray, np.ndarray]:
    """Rewards and advantages of the paper, from core's functions."""
    labels = find_partition(TEXTS, UID, LexicalSimilarity(), threshold=0.4, short_text_rule=False).labels
    diversity = partition_diversity(labels, UID, floor=0.1)
    assert 0.2 < diversity.mean() < 0.95  # there is something to find
    fused = fuse_rewards(np.float32(rewards).astype(float) - shift, diversity, UID)
    return fused, group_advantages(fused, UID)


@pytest.mark.parametrize(
    ("name", "factor"),
    [("cut groups", 1.0), ("shuffled rows", 1.0), ("rloo", N / (N - 1)), ("turns", 1.0), ("service", 1.0)],
)
def test_advantages_are_cores(results, name, factor):
    rewards, expected = core()
    assert advantages(results[name]) == pytest.approx(factor * expected, abs=1e-6)
    assert [row["reward"] for row in results[name]["rows"]] == pytest.approx(rewards, abs=1e-6)
    assert [row["logged"] for row in results[name]["rows"]] == pytest.approx(rewards, abs=1e-6)
    assert results[name]["metrics"]["darling/quality/mean"] == pytest.approx(np.mean(REWARDS))
    assert results[name]["metrics"]["darling/reward/mean"] == pytest.approx(rewards.mean())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_is_the_steps(results, name):
    prompts = [f"{words.WORDS[uid]} one" for uid in UID]
    step = Step(parse_settings(settings_of(name)))
    expected = step(Rollouts(TEXTS, UID, np.float32(REWARDS), prompts, LOGPROBS))
    assert advantages(results[f"objective {name}"]) == pytest.approx(expected.advantages, abs=1e-6)


def test_an_objective_gets_logprobs_and_prompts_and_keeps_its_state(results):
    assert advantages(results["needy"]) == pytest.approx(LOGPROBS, abs=1e-6)
    assert [row["reward"] for row in results["needy"]["rows"]] == pytest.approx(REWARDS)
    assert results["needy"]["state"]["objective"] == dict.fromkeys(PROMPT_IDS, N)
    assert advantages(results["needy, resumed"]) == pytest.approx(np.array(LOGPROBS) + 3, abs=1e-6)
    assert results["needy, resumed"]["state"]["objective"] == dict.fromkeys(PROMPT_IDS, 3 + N)


def test_divided_by_the_std(results):
    rewards, _ = core()
    expected = group_advantages(rewards, UID, normalize_by_std=True)
    assert np.abs(expected).max() > 1
    assert advantages(results["divided by the std"]) == pytest.approx(expected, abs=1e-6)
    assert advantages(results["clipped"]) == pytest.approx(expected.clip(-0.5, 0.5), abs=1e-6)


def test_the_shift_of_negative_quality_is_state(results):
    negative = [reward - 1.5 for reward in REWARDS]  # the lowest is below −1
    assert advantages(results["negative"]) == pytest.approx(core(negative, -2.0)[1], abs=1e-6)
    assert results["negative"]["state"] == {"shift": -2.0, "objective": {}}
    assert advantages(results["resumed"]) == pytest.approx(core(REWARDS, -3.0)[1], abs=1e-6)
    assert results["reward model"]["state"] == {"shift": "group_min", "objective": {}}


def test_the_overlong_penalty_comes_after_diversity(results):
    # 8 tokens at most, a buffer of 8: −(length / 8), where the length is the words and one end of text.
    penalty = -np.array([(len(text.split()) + 1) / 8 for text in TEXTS])
    assert advantages(results["overlong"]) == pytest.approx(group_advantages(core()[0] + penalty, UID), abs=1e-6)


def test_monitor_changes_no_reward(results):
    quality = np.float32(REWARDS).reshape(-1, N)
    expected = (quality - quality.mean(1, keepdims=True)) / quality.std(1, ddof=1, keepdims=True)
    assert advantages(results["monitor"]) == pytest.approx(expected.flatten(), abs=1e-5)
    assert [row["reward"] for row in results["monitor"]["rows"]] == pytest.approx(REWARDS)
    assert results["monitor"]["metrics"]["darling/classes/mean"] >= 1


def test_a_similarity_that_fails(results):
    assert results["broken"]["error"].startswith("SimilarityError: similarity: CallableSimilarity failed on")
    kept = results["broken, on quality"]
    assert advantages(kept) == pytest.approx(group_advantages(np.float32(REWARDS), UID), abs=1e-6)
    assert kept["metrics"]["darling/quality_only"] == 1.0


def test_samples_are_whole_groups(results, folder):
    (file,) = (folder / "shuffled rows/darling_samples").iterdir()
    rows = [json.loads(line) for line in file.read_bytes().splitlines()]
    found = {(row["uid"], row["response"], round(row["quality"], 6)) for row in rows}
    uids = {row["uid"] for row in rows}
    assert file.name == "step_000001.jsonl" and len(uids) == 4  # darling.samples.groups
    assert found == {
        (str(uid), text, round(reward, 6))
        for uid, text, reward in zip(UID, TEXTS, REWARDS, strict=True)
        if str(uid) in uids
    }
    assert {row["prompt"] for row in rows} == {f"{words.WORDS[int(uid)]} one" for uid in uids}


def test_the_trainer_makes_our_maker_and_keeps_its_state(results):
    trainer = results["trainer"]
    assert trainer["maker"] == "DarlingExperienceMaker"
    assert (trainer["resumed"], trainer["state"]) == (7, {"shift": -4.0, "objective": {}})
    saved = trainer["saved"]
    assert (saved["method"], saved["tag"]) == ("save_checkpoint", "global_step2")
    assert saved["client_states"]["darling"] == trainer["state"]
    assert saved["same"]  # the checkpoint of the best evaluation is saved later, with the same dictionary
    assert trainer["metrics"] == {"step": 2, "response_length/mean": 3.5, "timing_s/generation": 2.0}
