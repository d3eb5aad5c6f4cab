"""Measures the cost of partitions: ours against one request per pair, on the same served models and texts.

    python scripts/bench_service.py                       # about a quarter of an hour on 2 cores
    python scripts/bench_service.py --quick --json FILE   # under 8 minutes

Two pair classifiers are served by a real vLLM each: a MiniLM on texts of some twenty tokens (a verdict costs compute),
and a small one on a Countdown policy's own responses (the groups are natural). The authors' access pattern asks every
pair of a group, one request each, 32 at once. Each comparison is timed in turns on the same machine in one run; its
figure is a ratio of times, with the least and the most of the repetitions.

    exact        the same server, only the pairs that the closure leaves open, in batches
    cascade      a bi-encoder in this process settles the clear pairs, the server the doubtful ones
    bi-encoder   one forward pass per response, in this process: the shipped classifier

Then the trainer's part of a step with responses of 8,000 tokens that were read ahead (`service_bench/long_texts.py`):
seconds of one core for 256 × 8 and, from some of its groups, 1024 × 64; and how far the numbers of `darling plan` are
off.

The 2,016 pairs of a group of 64 are timed in as many parts as there are repetitions, between which ours run; a ratio
takes a part's time that many times. Nothing is remembered from one repetition to the next.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from service_bench.authors import ask_one_by_one, every_pair
from service_bench.figures import Figure, Row, Run, as_json, show
from service_bench.limit import BareModel
from service_bench.long_texts import measure_long
from service_bench.models.unpack import unpack
from service_bench.server import Server, serving
from service_bench.shares import show_shares, verdict_shares
from service_bench.texts import all_same, distinct_groups, natural_groups, two_classes

from darling_plugin.config import ServiceSettings
from darling_plugin.core import Partition, PartitionRule, find_partition
from darling_plugin.service.build import start_service
from darling_plugin.similarity import CascadeSimilarity, ClassifierSimilarity, Similarity
from darling_plugin.similarity.classifier.decision import probabilities

DATA = Path(__file__).parents[2] / "shared" / "data"
Group = list[str]
PASSES = 7  # against the bare model: a second or two each, so that what else the machine does moves them most


class Contest:
    """The authors' access pattern to one server, and ours, on the same groups.

    Args:
        server: serves `judge`'s model.
        judge: the pair classifier.
        repetitions: of each measurement.
    """

    def __init__(self, server: Server, judge: ClassifierSimilarity, repetitions: int, console: Console):
        self.server = server
        self.judge = judge
        self.repetitions = repetitions
        self.console = console
        self.labels_equal = True

    def run(
        self, what: str, groups: Sequence[Group], ours: dict[str, Ours], *, expect: int | None = None
    ) -> dict[str, Run]:
        """Time both on these groups; expect: how many classes each must have, by asking every pair."""
        pairs = [(g, pair) for g, texts in enumerate(groups) for pair in every_pair(texts)]
        outputs, runs = np.empty(len(pairs)), {name: Run() for name in ours}
        parts = np.array_split(np.random.default_rng(0).permutation(len(pairs)), self.repetitions)
        for number, part in enumerate(parts, 1):
            self.console.print(f"  {what}, {number} of {len(parts)}: {len(part)} requests", highlight=False)
            began = time.perf_counter()
            outputs[part] = ask_one_by_one(self.server.url, [pairs[k][1] for k in part])
            theirs = (time.perf_counter() - began) * len(pairs) / len(part)
            for name, one in ours.items():
                seconds, found, read = one(groups)
                runs[name].speedups.append(theirs / seconds)
                runs[name].labels, runs[name].read = found.labels, read
        reference = self._reference(groups, pairs, outputs)
        for run in runs.values():
            run.reference = reference
        if expect is not None and any(len(set(own)) != expect for own in _by_group(reference, groups)):
            raise RuntimeError(f"{what}: the classifier does not see {expect} classes in each group")
        return runs

    def _reference(
        self, groups: Sequence[Group], pairs: Sequence[tuple[int, tuple[str, str]]], outputs: np.ndarray
    ) -> np.ndarray:
        """The labels by all pairs, from what the server said one by one."""
        card = self.judge.front.card
        p = dict(zip(pairs, probabilities(card.scale * outputs + card.bias, card.temperature).tolist(), strict=True))
        texts, uid = _flat(groups)
        labels = np.empty(len(texts), dtype=np.int64)
        for g in range(len(groups)):
            rows = [row for row, own in enumerate(uid) if own == g]
            found = find_partition(
                [texts[row] for row in rows],
                [0] * len(rows),
                lambda asked: [p[g, (min(pair), max(pair))] for pair in asked],  # noqa: B023, called in this turn only
                threshold=self.judge.default_threshold,
                short_text_rule=False,
                skip_implied=False,
            )
            labels[rows] = found.labels
        return labels


Ours = Callable[[Sequence[Group]], tuple[float, Partition, int]]


def by_service(judge: Similarity, server: Server | None) -> Ours:
    """Partitions by a service that is new each time: seconds, the partition, and what models have read."""
    settings = ServiceSettings(backend="urls", urls=[server.url]) if server else ServiceSettings(backend="local")
    rule = PartitionRule(threshold=judge.default_threshold, short_text_rule=False)

    def ours(groups: Sequence[Group]) -> tuple[float, Partition, int]:
        texts, uid = _flat(groups)
        service = start_service(judge, rule, settings, backend="urls" if server else "local")
        try:
            service.partition(["a first", "and a second"], [0, 0])  # whatever is loaded, or opened, at first
            service.counts()
            began = time.perf_counter()
            found = service.partition(texts, uid)
            return time.perf_counter() - began, found, service.counts().read
        finally:
            service.close()

    return ours


def against_the_limit(folder: Path, judge: ClassifierSimilarity, repetitions: int) -> Figure:
    """Verdicts per second of the service in this process, as a share of the bare model's on the same tokens."""
    groups = distinct_groups(8)
    bare = BareModel(folder, [pair for texts in groups for pair in every_pair(texts)])
    bare.seconds()
    ours = by_service(judge, None)
    return Figure.of([bare.seconds() / ours(groups)[0] for _ in range(repetitions)])


def rand_index(exact: Similarity, cascade: Similarity, groups: Sequence[Group]) -> list[float]:
    """Adjusted Rand index (Hubert and Arabie 1985) of each group's classes by the cascade with those by the second."""
    from sklearn.metrics import adjusted_rand_score

    def labels(judge: Similarity, texts: Group) -> np.ndarray:
        threshold = judge.default_threshold
        return find_partition(texts, [0] * len(texts), judge, threshold=threshold, short_text_rule=False).labels

    return [float(adjusted_rand_score(labels(exact, texts), labels(cascade, texts))) for texts in groups]


def of_groups(values: Sequence[float]) -> dict[str, float]:
    """As other figures, with the mean: one group in many that differs shows in no median."""
    return as_json(Figure.of(values)) | {"mean": float(np.mean(values))}


def _flat(groups: Sequence[Group]) -> tuple[list[str], list[int]]:
    rows = [(text, g) for g, texts in enumerate(groups) for text in texts]
    return [text for text, _ in rows], [g for _, g in rows]


def _by_group(labels: np.ndarray, groups: Sequence[Group]) -> list[list[int]]:
    ends = np.cumsum([len(texts) for texts in groups])[:-1]
    return [own.tolist() for own in np.split(labels, ends)]


def main(
    quick: Annotated[bool, typer.Option(help="Three repetitions, fewer groups.")] = False,
    write: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    data: Annotated[Path, typer.Option(help="Folder with math/olympiadbench.jsonl: real long texts.")] = DATA,
    only_long: Annotated[bool, typer.Option("--only-long", help="Only the rows of long responses; no server.")] = False,
) -> None:
    """Measure, show a table, and write the figures."""
    console = Console()
    repetitions = 3 if quick else 5
    console.print("Responses of 8,000 tokens, all read before …")
    long = measure_long(data, repetitions, 8 if quick else 64)
    console.print(json.dumps(long, indent=1), highlight=False)
    if only_long:
        if write is not None:
            write.write_text(json.dumps({"long": long}, indent=1) + "\n")
        return
    with tempfile.TemporaryDirectory(prefix="bench_service") as work:
        folders = unpack(Path(work))
        text, countdown = (ClassifierSimilarity(str(folder), "cpu") for folder in (folders.text, folders.countdown))
        shipped, cascade = ClassifierSimilarity(device="cpu"), CascadeSimilarity(str(folders.cascade), "cpu")
        console.print(f"Against the bare model, {PASSES} times …")
        limit = against_the_limit(folders.text, text, PASSES)
        console.print("Starting two vLLM servers (a minute or two) …")
        with serving(folders.text, folders.countdown, logs=Path(work)) as (for_text, for_countdown):
            texts = Contest(for_text, text, repetitions, console)
            exact, bi = by_service(text, for_text), by_service(shipped, None)
            n8 = texts.run("8 distinct", distinct_groups(6), {"exact": exact, "bi": bi}, expect=8)
            halves = texts.run("two classes of 32", [two_classes()], {"exact": exact, "bi": bi}, expect=2)
            same = texts.run("64 the same", [all_same()], {"exact": exact}, expect=1)
            groups = natural_groups()[: 6 if quick else 12]
            policy = Contest(for_countdown, countdown, repetitions, console)
            ways = {"exact": by_service(countdown, for_countdown), "cascade": by_service(cascade, for_countdown)}
            small = policy.run("natural groups of 8", [group[:8] for group in groups], ways)
            large = policy.run("natural groups of 64", groups[:2], ways)
    rows = [
        Row("exact", "6 × 8, all distinct", n8["exact"], "≥ 0.95"),
        Row("exact", "64, two classes of 32", halves["exact"], "≥ 1.7"),
        Row("exact", "64, all the same", same["exact"], "≥ 20"),
        Row("bi-encoder", "6 × 8, all distinct", n8["bi"], "≥ 6"),
        Row("bi-encoder", "64, two classes of 32", halves["bi"], "≥ 45"),
        Row("exact", f"{len(groups)} × 8, natural", small["exact"], ""),
        Row("exact", "2 × 64, natural", large["exact"], ""),
        Row("cascade", f"{len(groups)} × 8, natural", small["cascade"], "≥ 4"),
        Row("cascade", "2 × 64, natural", large["cascade"], "≥ 15"),
    ]
    rand = {n: rand_index(countdown, cascade, [group[:n] for group in natural_groups()]) for n in (8, 64)}
    equal = all(row.run.same for row in rows if row.name == "exact")
    show(
        console,
        rows,
        [
            ("throughput, share of the bare model's", str(limit), "≥ 0.9"),
            *(
                (
                    f"adjusted Rand index of the cascade, n = {n}, mean {np.mean(values):.3f}",
                    str(Figure.of(values)),
                    "≥ 0.97",
                )
                for n, values in rand.items()
            ),
            ("exact labels are those of asking every pair", "yes" if equal else "NO", "yes"),
        ],
    )
    show_shares(console)
    figures = {
        "labels_equal": equal,
        "limit_ratio": as_json(limit),
        "speedup": {
            "exact_distinct_n8": as_json(n8["exact"].speedup),
            "exact_two_classes_n64": as_json(halves["exact"].speedup),
            "exact_same_n64": as_json(same["exact"].speedup),
            "cascade_n8": as_json(small["cascade"].speedup),
            "cascade_n64": as_json(large["cascade"].speedup),
            "bi_encoder_n8": as_json(n8["bi"].speedup),
            "bi_encoder_n64": as_json(halves["bi"].speedup),
        },
        "cascade_rand_index": of_groups([*rand[8], *rand[64]]),
        "cascade_rand_index_n8": of_groups(rand[8]),
        "cascade_rand_index_n64": of_groups(rand[64]),
        "verdicts_asked": verdict_shares(),
        "long": long,
        "repetitions": repetitions,
    }
    if write is not None:
        write.write_text(json.dumps(figures, indent=1) + "\n")
        console.print(f"Figures  {write}")


if __name__ == "__main__":
    typer.run(main)
