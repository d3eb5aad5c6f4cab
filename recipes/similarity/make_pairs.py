"""Training pairs in which wording and meaning part: `make_pairs.py --out runs/pairs.jsonl [--seed 0] [--scale 1]`.

Each line is {"kind", "a", "b", "equivalent"}. The same seed gives the same file. Sources: the ten paraphrases of each
NoveltyBench prompt, grade-school problems and their solutions, the prompts and responses of NoveltyBench as plain texts
(their labels are not used here), the hand-written families in bank/, WordNet. A text of the first-sight set never
comes in: `--exclude` names files of pairs, and every drawn pair that has one of their texts is dropped.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from recipes.similarity.bank import Drawn, draw, fill, read_bank, shared_slots
from recipes.similarity.common import DATA, HERE, read_jsonl
from recipes.similarity.edits import (
    FRAMES,
    change_name,
    change_number,
    decorate_code,
    negate,
    reformat,
    rename_variables,
    sentences,
    shuffle_sentences,
)
from recipes.similarity.wordnet import read_wordnet, replace_word

WORDNET = Path("/usr/share/wordnet")  # of Debian's package wordnet-base


class Sources:
    """The raw texts."""

    def __init__(self, wordnet: Path) -> None:
        self.prompts = [[row["prompt"], *row["prompt_paraphrases"]] for row in _nb("curated")]
        self.labeled = _nb("pairs_train")
        self.wild = [row["prompt"] for row in _nb("wildchat-1k")]
        self.problems = [(row["question"], _plain(row["answer"])) for row in read_jsonl(DATA / "math/gsm8k_test.jsonl")]
        texts = [row[side] for row in self.labeled for side in ("generation_0", "generation_1")]
        self.sentences = [s for question, _ in self.problems for s in sentences(question) if 20 < len(s) < 200]
        self.sentences += [s for text in texts for s in sentences(text)[:4] if 30 < len(s) < 200 and "\n" not in s]
        self.sentences += [s for text in self.wild for s in sentences(text)[:1] if 20 < len(s) < 160 and "\n" not in s]
        self.names = sorted(set(re.findall(r"(?<=[a-z] )([A-Z][a-z]{3,})", " ".join(self.sentences))))
        self.banks = {name: read_bank(HERE / f"bank/{name}.txt") for name in BANKS}
        self.code = read_bank(HERE / "bank/code.txt", lines=False)
        self.words = read_wordnet(wordnet)


BANKS = ("methods", "stories", "facts", "languages", "paraphrases")
COUNTS = (34, 60, 34, 30, 40)  # pairs of each group


def prompts(src: Sources, rng: random.Random, scale: float) -> Iterator[Drawn]:
    """Paraphrases of one prompt; the nearest other prompts as near misses (by shared words)."""
    bags = [set(re.findall(r"\w+", " ".join(group).lower())) for group in src.prompts]
    for k, group in enumerate(src.prompts):
        for _ in range(int(18 * scale)):
            yield Drawn(*rng.sample(group, 2), 1, "paraphrase")
        near = sorted(range(len(bags)), key=lambda j: -len(bags[j] & bags[k]) / len(bags[j] | bags[k]))[1:5]
        for _ in range(int(14 * scale)):
            yield Drawn(rng.choice(group), rng.choice(src.prompts[rng.choice(near)]), 0, "neighbor")


def edited(src: Sources, rng: random.Random, scale: float) -> Iterator[Drawn]:
    """One sentence, or two or three in a row, with one change."""
    words = src.words
    ways: list[tuple[str, int, int, Callable[[str], str | None]]] = [
        ("number", 0, 1100, lambda s: change_number(s, rng)),
        ("entity", 0, 900, lambda s: change_name(s, src.names, rng)),
        ("negation", 0, 1100, lambda s: negate(s, rng)),
        ("antonym", 0, 700, lambda s: replace_word(s, words.antonyms, rng)),
        ("sibling", 0, 250, lambda s: replace_word(s, words.siblings, rng)),
        ("synonym", 1, 1600, lambda s: replace_word(s, words.synonyms, rng, 3)),
        ("formatting", 1, 2000, lambda s: reformat(s, rng)),
    ]
    for kind, label, count, way in ways:
        made = 0
        while made < count * scale:
            text = rng.choice(src.sentences)
            new = way(text)
            if new is None or new == text:
                continue
            if label and kind == "synonym" and rng.random() < 0.5:
                new = reformat(new, rng)
            if not label and rng.random() < 0.25:  # formatting must not be what tells equivalent from distinct
                new = reformat(new, rng)
            yield Drawn(text, new, label, kind)
            made += 1


def problems(src: Sources, rng: random.Random, scale: float) -> Iterator[Drawn]:
    """Word problems: sentences in another order, one sentence of another problem; solutions; answers."""
    for _ in range(int(350 * scale)):
        question, _ = rng.choice(src.problems)
        if moved := shuffle_sentences(question, rng):
            yield Drawn(question, moved, 1, "order")
            parts = sentences(question)
            parts[rng.randrange(len(parts))] = rng.choice(src.sentences)
            yield Drawn(question, " ".join(parts), 0, "sentence replaced")
    for _ in range(int(450 * scale)):
        _, solution = rng.choice(src.problems)
        *steps, answer = solution.split("\n")
        same = _retell(steps, answer, rng)
        yield Drawn(_retell(steps, answer, rng), same, 1, "solution")
        wrong = change_number(answer, rng)
        if wrong and rng.random() < 0.5:
            yield Drawn(_retell(steps, answer, rng), _retell(steps, wrong, rng), 0, "solution, other answer")
        else:
            other = rng.choice(src.problems)[1].split("\n")
            yield Drawn(_retell(steps[:1] + other[:-1], answer, rng), same, 0, "solution, same opening")
    for _ in range(int(500 * scale)):
        _, solution = rng.choice(src.problems)
        *steps, answer = solution.split("\n")
        long = _retell(steps, answer, rng)
        yield Drawn(_short(answer, rng), long, 1, "answer and explanation")
        if wrong := change_number(answer, rng):
            yield Drawn(_short(wrong, rng), rng.choice([long, _short(answer, rng)]), 0, "other answer")
        yield Drawn(_short(answer, rng), _short(answer, rng), 1, "answer and answer")


def families(src: Sources, rng: random.Random, scale: float) -> Iterator[Drawn]:
    """The banks; some pairs of both labels with an opening in common, some reformatted."""
    for name, count in zip(BANKS, COUNTS, strict=True):
        for group in src.banks[name]:
            for k in range(int(count * scale)):
                pair = draw(group, name, k % 2 == 0, rng)
                if name == "methods" and rng.random() < 0.6:
                    start = opening(group.topic, rng)
                    pair = pair._replace(a=f"{start} {pair.a}", b=f"{start} {pair.b}")
                if name != "stories" and rng.random() < 0.3:
                    pair = pair._replace(b=reformat(pair.b, rng))
                yield pair


def opening(topic: str, rng: random.Random) -> str:
    """A beginning that two answers to one question may share."""
    topic = re.sub(r"\{\w\}", lambda _: str(rng.randint(2, 99)), topic)
    about = rng.choice(["{} is what we need.", "The question is about {}.", "{}:", "{}, that is the task.", "On {}."])
    parts = [rng.choice(OPENINGS), about.format(topic).capitalize()]
    return " ".join(rng.sample(parts, rng.choice([1, 1, 2])))


def programs(src: Sources, rng: random.Random, scale: float) -> Iterator[Drawn]:
    """Renamed variables against another operator or algorithm."""
    for group in src.code:
        for k in range(int(50 * scale)):
            first, second = rng.sample(group.classes, 2)
            if k % 2:
                first = second = rng.choice(group.classes)
            a, b = (decorate_code(code[0], rng) for code in (first, second))
            if k % 2 or rng.random() < 0.4:
                b = rename_variables(b, rng)
            yield Drawn(a, b, k % 2, "code")


def long_texts(src: Sources, rng: random.Random, scale: float) -> Iterator[Drawn]:
    """Several stories one after another: told again in other words or order, or another one at the end."""
    plots = [wordings for group in src.banks["stories"] for wordings in group.classes]
    for k in range(int(420 * scale)):
        told = rng.sample(plots, rng.choice([2, 3, 4]))
        shared = shared_slots(rng)
        tell = lambda plot, shared=shared: fill(rng.choice(plot), shared, rng)  # noqa: E731
        first = [tell(plot) for plot in told]
        close = rng.random() < 0.5  # the common part word for word
        if k % 2:
            second = [*first[:-1], tell(told[-1])] if close else [tell(plot) for plot in told]
            if not close and rng.random() < 0.3:
                rng.shuffle(second)
        else:
            other = rng.choice([plot for plot in plots if plot not in told])
            second = (first[:-1] if close else [tell(plot) for plot in told[:-1]]) + [tell(other)]
        yield Drawn("\n\n".join(first), "\n\n".join(second), k % 2, "late")
    for k in range(int(160 * scale)):
        row = rng.choice(src.labeled)
        parts = re.split(r"\n\n+", row["generation_0"])[:9]
        if not len(parts) >= 4 or len(row["generation_0"]) > 2200:
            continue
        other = re.split(r"\n\n+", rng.choice(src.labeled)["generation_1"])
        if k % 2:
            moved = parts[:]
            spot = rng.randrange(1, len(parts) - 1)
            moved[spot], moved[spot + 1] = moved[spot + 1], moved[spot]
            again = [replace_word(part, src.words.synonyms, rng, 4) or part for part in moved]
            yield Drawn("\n\n".join(parts), "\n\n".join(again), 1, "long, reordered")
        else:
            keep = max(1, len(parts) * 3 // 5)
            yield Drawn("\n\n".join(parts), "\n\n".join(parts[:keep] + other[-(len(parts) - keep) :]), 0, "long, late")


OPENINGS = [
    "To solve this, we proceed as follows.", "Let me think about this step by step.", "Here is one way to do it:",
    "We are asked to find the result.", "There is a simple approach.", "Sure! Here's how I would do it.",
    "First, note what is given and what is wanted.", "The idea is the following.",
]  # fmt: skip


def _retell(steps: list[str], answer: str, rng: random.Random) -> str:
    """The same steps with other connecting words."""
    told = []
    for step in steps:
        lead = rng.choice(["", "", "So ", "Then ", "Next, ", "Therefore ", "We see that ", "It follows that "])
        told.append(lead + (step[0].lower() + step[1:] if lead and step else step))
    swaps = [(" so ", " therefore "), (" * ", " times "), (" + ", " plus "), (" = ", " equals "), (" - ", " minus ")]
    text = rng.choice([" ", "\n"]).join([*told, _short(answer, rng)])
    for old, new in swaps:
        if rng.random() < 0.4:
            text = text.replace(old, new)
    return (rng.choice(OPENINGS) + " " if rng.random() < 0.3 else "") + text


def _short(answer: str, rng: random.Random) -> str:
    ways = ["The answer is {}.", "{}", "Answer: {}", "#### {}", "\\boxed{{{}}}", "**{}**", "So it is {}.", "We get {}."]
    return rng.choice(ways).format(answer) if rng.random() < 0.9 else rng.choice(FRAMES).format(answer)


def _plain(solution: str) -> str:
    """GSM8K's solution without its calculator notes; the answer is the last line."""
    return re.sub(r"<<.*?>>", "", solution).replace("#### ", "")


def _nb(name: str) -> list[dict]:
    return read_jsonl(DATA / f"noveltybench/{name}.jsonl")


def make(seed: int, scale: float, excluded: set[str], wordnet: Path) -> list[Drawn]:
    src, rng = Sources(wordnet), random.Random(seed)
    pairs = [
        pair
        for source in (prompts, edited, problems, families, programs, long_texts)
        for pair in source(src, rng, scale)
        if pair.a.strip() and pair.b.strip() and pair.a not in excluded and pair.b not in excluded
    ]
    rng.shuffle(pairs)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--wordnet", type=Path, default=WORDNET)
    parser.add_argument("--exclude", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    excluded = {row[side] for path in args.exclude for row in read_jsonl(path) for side in ("a", "b")}
    pairs = make(args.seed, args.scale, excluded, args.wordnet)
    with args.out.open("w", encoding="utf-8") as file:
        for pair in pairs:
            print(json.dumps(pair._asdict(), ensure_ascii=False), file=file)
    for (kind, label), count in sorted(Counter((pair.kind, pair.equivalent) for pair in pairs).items()):
        print(f"{kind:28} {label} {count:6}")
    print(f"{len(pairs)} pairs, {sum(pair.equivalent for pair in pairs) / len(pairs):.1%} equivalent")


if __name__ == "__main__":
    main()
