"""Quality of a Countdown response, in the form of verl's `custom_reward_function`: 1.0 when right, else 0.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from darling_plugin.countdown.task import verify
from darling_plugin.errors import InputError


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """`{"score": q, "acc": q}`, q = 1.0 when the response solves the prompt, else 0.0 (a broken one too).

    `ground_truth` is `{"digits": [3, 8, 1, 7, 2], "target": 19}`, as a mapping or as JSON. The other arguments are part
    of verl's signature and not read.
    """
    digits, target = _read(ground_truth)
    quality = float(verify(digits, target, solution_str) is not None)
    return {"score": quality, "acc": quality}


def _read(ground_truth: str | Mapping[str, Any]) -> tuple[list[int], int]:
    expected = 'expected {"digits": [3, 8, 1, 7, 2], "target": 19}, as JSON or a mapping; write data with data.prepare'
    try:
        fields = json.loads(ground_truth) if isinstance(ground_truth, str) else ground_truth
        return [int(digit) for digit in fields["digits"]], int(fields["target"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"Countdown ground_truth: got {ground_truth!r} ({error!r}); {expected}.") from error
