"""Quality of a response, in the form of verl's `custom_reward_function`: 1.0 when it names a kind, else 0.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from darling_plugin.errors import InputError
from darling_plugin.kinds.task import Category, verify


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """`{"score": q, "acc": q}`, q = 1.0 when the response is right (`task.verify`), else 0.0.

    `ground_truth` is `{"word": "fish", "key": "02512053"}`, as a mapping or as JSON. The other arguments are part of
    verl's signature and not read.
    """
    quality = float(verify(_read(ground_truth), solution_str) is not None)
    return {"score": quality, "acc": quality}


def _read(ground_truth: str | Mapping[str, Any]) -> Category:
    expected = 'expected {"word": "fish", "key": "02512053"}, as JSON or a mapping; write data with data.prepare'
    try:
        fields = json.loads(ground_truth) if isinstance(ground_truth, str) else ground_truth
        return Category(str(fields["word"]), str(fields["key"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"kinds ground_truth: got {ground_truth!r} ({error!r}); {expected}.") from error
