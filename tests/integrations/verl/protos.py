"""A DataProto as verl's V0 trainers hand it to `compute_advantage`, and the trainers that do."""

from typing import Any

from hook_batches import Output


def make_proto(outputs: list[Output], tokenizer: Any) -> Any:
    """Rows in the order of `outputs`: prompt padded on the left, response on the right, the score on its last token."""
    import numpy as np
    import torch
    from verl import DataProto

    prompts = [tokenizer(output.prompt)["input_ids"] for output in outputs]
    responses = [[*tokenizer(output.text)["input_ids"], tokenizer.eos_token_id] for output in outputs]
    left, right = max(map(len, prompts)), max(map(len, responses))
    tensors: dict[str, list[list[float]]] = {
        name: [] for name in ("prompts", "responses", "attention", "mask", "score")
    }
    for output, prompt, response in zip(outputs, prompts, responses, strict=True):
        gap, end = left - len(prompt), right - len(response)
        tensors["prompts"].append([0] * gap + prompt)
        tensors["responses"].append(response + [0] * end)
        tensors["attention"].append([0] * gap + [1] * (len(prompt) + len(response)) + [0] * end)
        tensors["mask"].append([0] * output.by_tool + [1] * (len(response) - output.by_tool) + [0] * end)
        tensors["score"].append([0.0] * (len(response) - 1) + [output.score] + [0.0] * end)
    scores = torch.tensor(tensors["score"])
    return DataProto.from_dict(
        tensors={
            "prompts": torch.tensor(tensors["prompts"]),
            "responses": torch.tensor(tensors["responses"]),
            "attention_mask": torch.tensor(tensors["attention"]),
            "response_mask": torch.tensor(tensors["mask"]),
            "token_level_scores": scores,
            "token_level_rewards": scores.clone(),
            "old_log_probs": torch.full(scores.shape, -0.5),
            "values": torch.zeros(scores.shape),
        },
        non_tensors={"uid": np.array([output.uid for output in outputs], dtype=object)},
    )


def advantages(proto: Any) -> list[float]:
    """Each row's advantage at the last token that the policy wrote."""
    mask = proto.batch["response_mask"]
    last = (mask * range_like(mask)).argmax(dim=-1)
    return proto.batch["advantages"][range(len(mask)), last].tolist()


def range_like(mask: Any) -> Any:
    import torch

    return torch.arange(1, mask.shape[-1] + 1)
