#!/usr/bin/env python
"""Make the measured classifiers again; more than an hour on 2 cores. The ones here came from these rounds, one by one.

    python -m service_bench.models.make_models --pairs pairs_train.jsonl        # in scripts/

Text: MiniLM becomes a pair classifier of the first 62 tokens by a LoRA adapter, from NoveltyBench's labeled pairs
(arXiv 2504.05228, MIT license) cut to 50 words, from copies with a few words changed, and from responses to different
prompts. Calibrated for F1.

Countdown: needs the quickstart's warm start and pairs (`scripts/quickstart.sh --similarity learned --steps 1`). A small
ModernBERT learns them in rounds: twice the quickstart's pairs, then twice more with what it still gets wrong among a
policy's own responses. The bi-encoder is the quickstart's learned similarity. The cascade's bounds come from other
prompts than the natural groups that are measured on.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from darling_plugin.countdown.data import Prompt, read_prompts
from darling_plugin.countdown.similarity import equivalent
from darling_plugin.similarity import ClassifierSimilarity
from darling_plugin.tools.classifier.calibrate import Aim, calibrate
from darling_plugin.tools.classifier.cascade import make_cascade
from darling_plugin.tools.classifier.pairs import Pair, read_pairs
from darling_plugin.tools.classifier.recipe import Recipe
from darling_plugin.tools.classifier.train import train
from recipes.countdown.evaluate import sample
from recipes.countdown.model import EOS, VOCABULARY, build_tokenizer

HERE = Path(__file__).parent
WORDS = 50
GROUPS, SAMPLES = 12, 64
DISTINCT = 40  # different responses of a prompt whose pairs are looked at
HARD = 0.03  # a distinct pair with a higher P is one that the classifier has to learn
MOST = 0.01  # of the cascade's settled pairs that may be wrong, on either side


def text_pairs(path: Path) -> list[Pair]:
    """The labeled pairs, cut; changed copies as equivalent ones, other prompts' responses as distinct ones."""
    rng = random.Random(0)
    labelled = read_pairs(str(path))
    pairs = []
    for number, pair in enumerate(labelled):
        first, second = (" ".join(text.split()[:WORDS]) for text in pair.texts)
        pairs.append(Pair(pair.prompt, first, second, pair.similar))
        if number % 2 == 0:
            other = rng.choice(labelled).first
            pairs.append(Pair(pair.prompt, _changed(first, rng), _changed(first, rng), 1))
            pairs.append(Pair(pair.prompt, _changed(second, rng), _changed(other, rng), 0))
    return pairs


def _changed(text: str, rng: random.Random) -> str:
    words = text.split()[:WORDS]
    for _ in range(max(1, len(words) // 8)):
        place = rng.randrange(len(words))
        words[place] = rng.choice([words[place].lower(), f"{words[place]},", "", words[place].title()])
    return " ".join(word for word in words if word)


def untrained(folder: Path) -> Path:
    """A ModernBERT with one output, one token per character, for two expressions."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import ModernBertConfig, ModernBertForSequenceClassification

    tokenizer, end = build_tokenizer(), VOCABULARY[EOS]
    tokenizer.chat_template = None
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {EOS}", pair=f"$A {EOS} $B {EOS}", special_tokens=[(EOS, end)]
    )
    config = ModernBertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=32,
        layer_types=["full_attention"] * 4,
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 100.0}},
        initializer_range=0.05,
        classifier_pooling="mean",
        num_labels=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=end,
        eos_token_id=end,
        cls_token_id=end,
        sep_token_id=end,
    )
    torch.manual_seed(0)
    ModernBertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def natural_pairs(policy: Path, prompts: Sequence[Prompt], judge: ClassifierSimilarity, seed: int) -> list[Pair]:
    """Pairs of a policy's responses: all equivalent ones, the distinct ones that are hard for the judge, some easy."""
    rng = random.Random(seed)
    rows = [
        (prompt.text, a, b)
        for prompt, texts in zip(prompts, sample(policy, prompts, samples=SAMPLES, seed=seed), strict=True)
        for a, b in combinations(list(dict.fromkeys(texts))[:DISTINCT], 2)
    ]
    same = np.array(equivalent([(a, b) for _, a, b in rows])) > 0.5
    distinct = np.flatnonzero(~same).tolist()
    p = judge([rows[k][1:] for k in distinct])
    hard = [k for k, likely in zip(distinct, p, strict=True) if likely > HARD]
    easy = rng.sample([k for k, likely in zip(distinct, p, strict=True) if likely <= HARD], 15_000)
    return [Pair(*rows[k], int(same[k])) for k in [*np.flatnonzero(same).tolist(), *hard, *easy]]


def main(
    pairs: Annotated[Path, typer.Option(help="NoveltyBench's labeled pairs.")],
    quickstart: Annotated[Path, typer.Option(help="Folder that the quickstart wrote.")] = Path("../outputs/countdown"),
    work: Annotated[Path, typer.Option(help="Folder for files that are kept between runs.")] = Path(
        "../outputs/service_bench_models"
    ),
) -> None:
    """Make all of them, and put them beside this file."""
    short = text_pairs(pairs)
    text = Recipe(
        kind="cross-encoder", both_orders=False, max_tokens=62, lora_rank=8, train_layers=3, adapter_only=True
    )
    train(short, work / "text", text)
    calibrate(work / "text", short, Aim("f1"))
    _keep(work / "text", HERE / "text")

    policy, prompts = quickstart / "warm_start_0", read_prompts(quickstart / "data" / "train.parquet")
    common = {"kind": "cross-encoder", "both_orders": False, "max_tokens": 14, "batch_size": 128}
    known = read_pairs(str(quickstart / "pairs_0.jsonl"))
    base = str(untrained(work / "untrained"))
    for name, rate, epochs in (("first", 1.5e-3, 8), ("second", 1e-3, 10)):
        train(known, work / name, Recipe(base_model=base, learning_rate=rate, epochs=epochs, **common))
        base = str(work / name)
    learned: list[Pair] = random.Random(0).sample(known, 12_000)
    for name, chosen, rate, epochs in (("third", prompts[600:1000], 5e-4, 5), ("fourth", prompts[1000:2200], 8e-4, 6)):
        learned += natural_pairs(policy, chosen, ClassifierSimilarity(base), seed=5)
        train(learned, work / name, Recipe(base_model=base, learning_rate=rate, epochs=epochs, **common))
        base = str(work / name)
    _keep(Path(base), HERE / "countdown_pairs")
    _keep(quickstart / "judge_0", HERE / "countdown_texts")

    unseen = read_prompts(quickstart / "data" / "test.parquet")[:40]
    responses = sample(policy, unseen, samples=SAMPLES, seed=1)
    with (HERE / "countdown_responses.jsonl").open("w") as file:
        for prompt, texts in zip(unseen[:GROUPS], responses, strict=False):
            file.write(json.dumps({"prompt": prompt.text, "responses": texts}) + "\n")
    others = [pair for texts in responses[GROUPS:] for pair in combinations(list(dict.fromkeys(texts))[:DISTINCT], 2)]
    make_cascade(str(HERE / "countdown_texts"), str(HERE / "countdown_pairs"), others, HERE / "cascade.json", most=MOST)


def _keep(folder: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("training", "untrained*"))


if __name__ == "__main__":
    typer.run(main)
