"""Tokens per second of classifiers of three sizes on a GPU, with float32 and bfloat16 matrices in turn.

    python scripts/bench_classifiers.py                                     # on a GPU, about two minutes
    python scripts/bench_classifiers.py --pairs pairs.jsonl --json FILE     # and how many verdicts differ from a CPU's

22.7M is the shipped classifier. 149M has ModernBERT-base's shape and 4B Qwen3-4B's, both with random weights, on which
a forward pass's time does not depend; the 4B ones are in bfloat16 and read token ids. Texts fill what the model reads,
tokenizing is part of the time, and a first pass is not counted. Figures: docs/service.md.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from darling_plugin.console import explained
from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier import forward as forward_module
from darling_plugin.similarity.classifier.batches import TOKENS, by_length
from darling_plugin.similarity.classifier.forward import TextForward
from darling_plugin.similarity.classifier.published import score_with_transformers
from darling_plugin.similarity.classifier.published_formats import find_format
from darling_plugin.similarity.classifier.scorer import load_scorer, probabilities
from darling_plugin.similarity.packaged import packaged_encoder
from darling_plugin.tools.classifier.pairs import read_pairs
from darling_plugin.tools.plan.machines import GPUS
from darling_plugin.tools.plan.measure import text_of
from darling_plugin.tools.plan.setups import SHIPPED

PASSES = 3


def main(
    pairs: Annotated[Path | None, typer.Option(help="Labeled pairs, as for `darling classifier eval`.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the numbers to this file.")] = None,
) -> None:
    with explained():
        if not torch.cuda.is_available():
            raise ConfigError(
                "bench_classifiers.py needs a GPU that torch can use; `darling plan --measure` measures a CPU"
            )
    name = torch.cuda.get_device_name()
    rows = [*shipped(), *modernbert(), *qwen3()]
    peak = GPUS["h100"].peak  # an H200's, too
    table = Table(title=f"{name}; share: of {peak / 1e12:.0f} TFLOP/s, at 2 FLOPs a parameter and token")
    for column in ("judge", "reads", "precision", "tokens/s", "least", "most", "share"):
        table.add_column(column, justify="left" if column in ("judge", "precision") else "right")
    for row in rows:
        rate = row["tokens_per_second"]
        share = f"{2 * row['parameters'] * rate[0] / peak:.3f}"
        table.add_row(row["judge"], f"{row['reads']:,}", row["precision"], *(f"{each:,.0f}" for each in rate), share)
    Console().print(table)
    found: dict[str, Any] = {"gpu": name, "torch": torch.__version__, "rates": rows}
    if pairs is not None:
        found["verdicts"] = verdicts(pairs)
        print(json.dumps(found["verdicts"]))
    if json_file is not None:
        json_file.write_text(json.dumps(found, indent=1) + "\n")


def shipped() -> list[dict[str, Any]]:
    judge: Any = load_scorer("default", device="cuda")
    reads = judge.card.tokens_read
    texts = [text_of(number, reads) for number in range(2048)]
    return in_turns("shipped", SHIPPED, reads, len(texts) * reads, lambda: judge.forward(texts))


def modernbert() -> list[dict[str, Any]]:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, ModernBertConfig, ModernBertModel

    with tempfile.TemporaryDirectory() as folder:
        ModernBertModel(ModernBertConfig()).save_pretrained(folder)
        # Any tokenizer will do; its words are fewer than the model's.
        AutoTokenizer.from_pretrained(packaged_encoder()).save_pretrained(folder)
        module = Transformer(folder)
    encoder = SentenceTransformer(modules=[module, Pooling(module.get_embedding_dimension())], device="cuda").eval()
    reads = 4096
    forward = TextForward(encoder, reads)
    texts = [text_of(number, reads) for number in range(64)]
    parameters = sum(each.numel() for each in encoder.parameters())
    return in_turns("149M encoder", parameters, reads, len(texts) * reads, lambda: forward(texts))


def qwen3() -> list[dict[str, Any]]:
    from transformers import Qwen3Config, Qwen3ForSequenceClassification

    config = Qwen3Config(
        vocab_size=151_665,
        hidden_size=2560,
        intermediate_size=9728,
        num_hidden_layers=36,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=40_960,
    )
    config.num_labels = 2
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda"):
            model = Qwen3ForSequenceClassification(config).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    form = find_format(["Qwen3ForSequenceClassification"], 2)
    assert form is not None
    parameters = sum(each.numel() for each in model.parameters())
    rows: list[dict[str, Any]] = []
    for reads, count in ((4096, 32), (512, 128)):
        ids = np.random.default_rng(0).integers(0, 30_000, (count, reads)).tolist()

        def call(ids: Sequence[Sequence[int]] = ids) -> None:
            for batch in by_length([len(each) for each in ids], TOKENS):
                score_with_transformers(model, [ids[row] for row in batch], form)

        rows += in_turns("4B of pairs", parameters, reads, count * reads, call, precisions=("bfloat16 weights",))
    return rows


def in_turns(
    judge: str,
    parameters: float,
    reads: int,
    tokens: int,
    call: Callable[[], object],
    precisions: Sequence[str] = ("float32", "bfloat16"),
) -> list[dict[str, Any]]:
    """Tokens per second of each: median, least and most."""
    rates: dict[str, list[float]] = {precision: [] for precision in precisions}
    for number in range(PASSES + 1):
        for precision, own in rates.items():
            with computing_in(precision):
                torch.cuda.synchronize()
                began = time.perf_counter()
                call()
                torch.cuda.synchronize()
                if number:
                    own.append(tokens / (time.perf_counter() - began))
    return [
        {
            "judge": judge,
            "parameters": parameters,
            "reads": reads,
            "precision": precision,
            "tokens_per_second": [statistics.median(own), min(own), max(own)],
        }
        for precision, own in rates.items()
    ]


@contextlib.contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """float32: as if the GPU had no bfloat16."""
    kept = forward_module.half_precision
    if precision == "float32":
        forward_module.half_precision = lambda model: contextlib.nullcontext()
    try:
        yield
    finally:
        forward_module.half_precision = kept


def verdicts(file: Path) -> dict[str, Any]:
    """How the shipped classifier's verdicts on a GPU differ from those on a CPU."""
    pairs = [(pair.first, pair.second) for pair in read_pairs(file)]
    on_cpu, on_gpu = load_scorer("default", device="cpu"), load_scorer("default", device="cuda")
    expected, found = on_cpu.logits(pairs), on_gpu.logits(pairs)
    card = on_cpu.card
    same = [probabilities(logits, card.temperature) > card.threshold for logits in (expected, found)]
    return {
        "pairs": len(pairs),
        "largest difference of a logit": float(np.abs(found - expected).max()),
        "verdicts that differ": int((same[0] != same[1]).sum()),
    }


if __name__ == "__main__":
    typer.run(main)
