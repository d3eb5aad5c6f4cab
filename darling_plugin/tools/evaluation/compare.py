"""Two evaluations on the same prompts: the difference of every metric that both have, and whether it is more than
chance (`evaluation/paired.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.evaluation.paired import PairedComparison, compare_paired
from darling_plugin.tools.evaluation.folder import Folder, differences
from darling_plugin.tools.evaluation.values import read, values

OWN = ("prompts", "prompts_sha256")
MODEL = ("model", "responses_sha256")


@dataclass(frozen=True)
class Comparison:
    before: str
    after: str
    """The models."""
    prompts: int
    """That both have; `only_before` and `only_after` have the others."""
    only_before: int
    only_after: int
    metrics: dict[str, PairedComparison]
    other_settings: list[tuple[str, Any, Any]]
    """(name, before, after) of what differs beside the model: the difference may be due to it."""

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before,
            "after": self.after,
            "prompts": self.prompts,
            "only_before": self.only_before,
            "only_after": self.only_after,
            "metrics": {name: found.as_json() for name, found in self.metrics.items()},
            "other_settings": [list(one) for one in self.other_settings],
        }


def compare(before: Folder, after: Folder) -> Comparison:
    """Raises `InputError` where they are of different tasks, share no prompt, or mean different prompts by one id.

    Each metric is compared on the prompts for which both have a value. The length-controlled and the weighted win rate
    belong to no single prompt, and are not compared.
    """
    if before.settings["task"] != after.settings["task"]:
        raise InputError(
            f"{before.path} is of the task {before.settings['task']} and {after.path} of {after.settings['task']}; "
            "compare two evaluations of the same task"
        )
    texts = {prompt.id: prompt for prompt in before.prompts}
    shared = [prompt.id for prompt in after.prompts if prompt.id in texts]
    for prompt in after.prompts:
        if prompt.id in texts and texts[prompt.id] != prompt:
            raise InputError(
                f"the prompt {prompt.id!r} differs between {before.path} and {after.path}; evaluate both on one set of "
                "prompts"
            )
    if not shared:
        raise InputError(f"{before.path} and {after.path} have no prompt in common")
    first, second = ({one.prompt.id: values(one) for one in read(folder)} for folder in (before, after))
    metrics = {}
    for name in dict.fromkeys(name for key in shared for name in first[key]):
        both = [key for key in shared if name in first[key] and name in second[key]]
        if both:
            metrics[name] = compare_paired([first[key][name] for key in both], [second[key][name] for key in both])
    others = [
        one
        for one in differences(before.settings, after.settings)
        if one[0] not in OWN and one[0].removeprefix("sampling.") not in MODEL
    ]
    return Comparison(
        before.noted["model"],
        after.noted["model"],
        len(shared),
        len(before.prompts) - len(shared),
        len(after.prompts) - len(shared),
        metrics,
        others,
    )
