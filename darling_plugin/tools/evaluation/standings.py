"""Several evaluations that one judge compared with baselines, in one table of ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.errors import InputError
from darling_plugin.evaluation.intervals import Interval
from darling_plugin.tools.evaluation.folder import Folder
from darling_plugin.tools.evaluation.judging.elo import elo_ratings
from darling_plugin.tools.evaluation.judging.win_rates import Pair
from darling_plugin.tools.evaluation.precomputed import Given

JUDGED_BY = ("judge", "temperature", "question", "characters")


@dataclass(frozen=True)
class Standing:
    """One model. votes: against it and for it. missing: share of its verdicts that the judge failed to give."""

    name: str
    rating: Interval
    votes: int
    missing: float | None
    """None for a model that is a baseline only."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def standings(folders: Sequence[Folder], *, anchor: str | None = None, at: float = 1500.0) -> list[Standing]:
    """The models of the folders and their baselines, best first.

    A baseline that is the same responses as another folder's is that folder's model.

    Args:
        anchor: the name of the model whose rating is `at`; the first folder's baseline by default.

    Raises `InputError` if a folder has no verdicts, judges or questions differ, or models share no opponent.
    """
    for folder in folders:
        if folder.settings["pairwise"] is None:
            raise InputError(f"{folder.path} has no verdicts; evaluate with --baseline and --judge")
        for name in JUDGED_BY:
            first, other = (one.settings["pairwise"][name] for one in (folders[0], folder))
            if first != other:
                raise InputError(
                    f"{folder.path}: `{name}` is {other!r}, but {first!r} in {folders[0].path}; compare folders "
                    "with the same judge and question"
                )
    digests = [Given(folder.path, "FOLDER").digest for folder in folders]
    named = _names(folders, digests)
    models = [named[digest] for digest in digests]
    for folder in folders:
        digest = folder.settings["pairwise"]["baseline_sha256"]
        name = f"baseline {Path(str(folder.noted.get('baseline', 'unnamed'))).name}"
        if digest not in named:
            named[digest] = f"{name} ({digest[:8]})" if name in named.values() else name
    opponents = [named[folder.settings["pairwise"]["baseline_sha256"]] for folder in folders]
    names = list(dict.fromkeys([*models, *opponents]))
    chosen = opponents[0] if anchor is None else anchor
    if chosen not in names:
        raise InputError(f"--anchor: there is no model {chosen!r}; the models are {', '.join(names)}")
    prompts = sorted({prompt.id for folder in folders for prompt in folder.prompts})
    place = {prompt: number for number, prompt in enumerate(prompts)}
    votes = np.zeros((len(prompts), len(names), len(names)))
    lacking: dict[str, tuple[int, int]] = {}
    for folder, name, opponent in zip(folders, models, opponents, strict=True):
        if name == opponent:
            raise InputError(
                f"{folder.path}: the baseline holds the same responses; evaluate against another --baseline"
            )
        rows = folder.rows("pairwise")
        items, lost = lacking.get(name, (0, 0))
        wanted = len(folder.prompts) * folder.samples
        lacking[name] = (items + wanted, lost + wanted - len(rows))
        i, j = names.index(name), names.index(opponent)
        for (prompt, _), row in rows.items():
            pair = Pair.of(row)
            votes[place[prompt], i, j] += pair.weighted
            votes[place[prompt], j, i] += sum(pair.weights) - pair.weighted
    judged = votes[votes.sum((1, 2)) > 0]
    if not len(judged):
        raise InputError(f"{folders[0].path}: the judge gave no verdict")
    ratings = elo_ratings(judged, names, anchor=names.index(chosen), at=at)
    total = (votes + votes.transpose(0, 2, 1)).sum((0, 2))
    found = [
        Standing(name, rating, int(count), lacking[name][1] / lacking[name][0] if name in lacking else None)
        for name, rating, count in zip(names, ratings, total, strict=True)
    ]
    return sorted(found, key=lambda one: -one.rating.mean)


def _names(folders: Sequence[Folder], digests: Sequence[str]) -> dict[str, str]:
    """Digest of the responses → their model; with the folder if another folder has other responses of that name."""
    first = dict(zip(digests, folders, strict=True))
    models = [str(folder.noted["model"]) for folder in first.values()]
    names = [
        model if models.count(model) == 1 else f"{model} ({folder.path})"
        for folder, model in zip(first.values(), models, strict=True)
    ]
    return dict(zip(first, names, strict=True))
