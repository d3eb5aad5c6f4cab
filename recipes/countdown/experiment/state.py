"""A loop's state on disk: one safetensors file, replaced as a whole, so that a kill at any moment leaves a good one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.files import replacing

if TYPE_CHECKING:
    import torch

FILE = "state.safetensors"


@dataclass
class State:
    """What is needed to resume after `step` steps: weights, AdamW's moments, and what was noted so far.

    seconds: of work up to here. rewards: what the objective keeps from step to step (`Step.state_dict`).
    """

    step: int
    seconds: float
    policy: dict[str, torch.Tensor]
    optimizer: dict[int, dict[str, torch.Tensor]]
    training: list[dict[str, float]]
    evaluations: list[dict[str, Any]]
    rewards: dict[str, Any] = field(default_factory=dict)


def save(folder: Path, run_id: str, state: State) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"policy/{name}": tensor.contiguous() for name, tensor in state.policy.items()}
    for number, moments in state.optimizer.items():
        tensors |= {f"optimizer/{number}/{name}": tensor.contiguous() for name, tensor in moments.items()}
    notes = {"run": run_id, "step": state.step, "seconds": state.seconds}
    notes |= {"training": state.training, "evaluations": state.evaluations, "rewards": state.rewards}
    with replacing(folder / FILE, shared=True) as part:
        save_file(tensors, part, metadata={"notes": json.dumps(notes)})


def load(folder: Path, run_id: str) -> State | None:
    """The state that was saved last for this run; None where there is none."""
    from safetensors import safe_open

    if not (folder / FILE).is_file():
        return None
    with safe_open(folder / FILE, "pt") as file:
        notes = json.loads(file.metadata()["notes"])
        if notes.pop("run") != run_id:
            return None
        state = State(**notes, policy={}, optimizer={})
        for key in file.keys():  # noqa: SIM118
            kind, _, name = key.partition("/")
            if kind == "policy":
                state.policy[name] = file.get_tensor(key)
            else:
                number, _, moment = name.partition("/")
                state.optimizer.setdefault(int(number), {})[moment] = file.get_tensor(key)
    return state
