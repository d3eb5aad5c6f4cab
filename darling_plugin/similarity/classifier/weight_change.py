"""Trained weights as their change from the base model's: 8-bit integers and one scale per row.

    weight = base weight + scale · integer

A quarter of the size of the weights themselves, and only the change is rounded. Stored as safetensors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILE = "change.safetensors"


def apply_change(model: Any, folder: Path) -> None:
    """Add the change in the folder to the weights of a transformers model, in place.

    Raises OSError for a file that is absent, SafetensorError for a damaged one, and KeyError or RuntimeError for one of
    another model.
    """
    import torch
    from safetensors.torch import load_file

    stored, state = load_file(folder / FILE), model.state_dict()
    with torch.no_grad():
        for name in stored:
            if not name.endswith(".scale"):
                change = stored[name].float() * stored[f"{name}.scale"].float()
                state[name] += change.view_as(state[name]).to(state[name].device)


def save_change(model: Any, base: Any, folder: Path) -> None:
    """Write how the weights of `model` differ from those of `base`, another model of the same shape."""
    import torch
    from safetensors.torch import save_file

    stored, trained = {}, model.state_dict()
    for name, weight in base.state_dict().items():
        change = trained[name].detach().float().cpu() - weight.float().cpu()
        if not weight.is_floating_point() or not change.any():
            continue
        rows = change.view(len(change), -1) if change.dim() > 1 else change.view(1, -1)
        scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
        stored[name] = (rows / scale).round().clamp(-127, 127).to(torch.int8)
        stored[f"{name}.scale"] = scale
    folder.mkdir(parents=True, exist_ok=True)
    save_file(stored, folder / FILE)
