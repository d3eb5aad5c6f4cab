"""Calls quality functions as TRL calls reward functions, and adds up what they return."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from darling_plugin.errors import InputError

QualityFunction = Callable[..., Any]
"""function(prompts=, completions=, …, every column of the dataset) → one number or None per completion."""


def name_of(function: QualityFunction) -> str:
    """What its metric is called."""
    return getattr(function, "__name__", type(function).__name__)


def call_all(functions: Sequence[QualityFunction], given: Mapping[str, Any], rows: int) -> np.ndarray:
    """(functions, rows): what each says of each completion; NaN for None. Async functions run at the same time.

    Raises `InputError` for a wrong number of values. Whatever a function raises rises.
    """
    values: list[Any] = [None if _is_async(each) else each(**given) for each in functions]
    waiting = [number for number, each in enumerate(functions) if _is_async(each)]
    if waiting:

        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*(functions[number](**given) for number in waiting)))

        # In a thread of its own: in a notebook this one has a running loop already.
        with ThreadPoolExecutor(1) as pool:
            for number, answer in zip(waiting, pool.submit(asyncio.run, all_of_them()).result(), strict=True):
                values[number] = answer
    return np.array([_row(each, answer, rows) for each, answer in zip(functions, values, strict=True)])


def weighted_sum(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Σ weight · value over the functions that apply, (rows,); NaN where none does. As TRL adds rewards up."""
    total = np.nansum(values * weights[:, None], axis=0)
    total[np.isnan(values).all(axis=0)] = np.nan
    return total


def _is_async(function: QualityFunction) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _row(function: QualityFunction, answer: Any, rows: int) -> np.ndarray:
    if not isinstance(answer, Sequence | np.ndarray) or len(answer) != rows:
        got = f"{len(answer)} values" if hasattr(answer, "__len__") else f"a {type(answer).__name__}"
        raise InputError(f"{name_of(function)}: got {got} for {rows} completions, expected one number or None each.")
    return np.array([np.nan if value is None else float(value) for value in answer], dtype=np.float64)
