"""Train the encoder on made pairs: `python train.py --pairs runs/pairs.jsonl --out runs/stage1 [--start runs/other]`.

Loss: binary cross-entropy of  logit = s · cos(whole) + t · coverage + bias  (`pair_features.py` says what they are).
All weights, bfloat16 arithmetic, one pass, linear warmup and decay. Writes change.safetensors and head.json. Texts are
read as they are at inference, without their wrapping (`plain`).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from darling_plugin.form.plain import plain
from darling_plugin.similarity.classifier.weight_change import save_change
from recipes.similarity.common import load_change, read_jsonl
from recipes.similarity.encoder import SegmentEncoder, packaged


class Logit(nn.Module):
    """logit = s · cos + t · coverage + bias."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([8.0, 5.0]))
        self.bias = nn.Parameter(torch.tensor(-9.5))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """a, b: (pairs, 1 + segments, width)."""
        cosine = (a[:, 0] * b[:, 0]).sum(-1)
        grid = torch.einsum("pid,pjd->pij", a[:, 1:], b[:, 1:])
        coverage = torch.minimum(grid.amax(2).amin(1), grid.amax(1).amin(1))
        return self.weight[0] * cosine + self.weight[1] * coverage + self.bias


def batches(lengths: list[int], size: int, rng: random.Random) -> list[list[int]]:
    """Pairs of like length together, in random order; a batch of long pairs holds fewer of them."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), size * 16):
        part = sorted(order[start : start + size * 16], key=lambda k: lengths[k])
        while part:
            take = max(4, min(size, int(6000 / max(1, lengths[part[-1]]))))
            found.append(part[-take:])
            del part[-take:]
    rng.shuffle(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, help="Use only this many pairs, for a trial.")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    encoder = SegmentEncoder(load_change(args.start) if args.start else packaged())
    head = Logit()
    if args.start:
        started = json.loads((args.start / "head.json").read_text())
        with torch.no_grad():
            head.weight.copy_(torch.tensor(started["weight"]))
            head.bias.copy_(torch.tensor(started["bias"]))
    rows = [row for path in args.pairs for row in read_jsonl(path)]
    rng.shuffle(rows)
    rows = rows[: args.most]
    first, second = (encoder.read([plain(row[side]) for row in rows]) for side in ("a", "b"))
    plan = batches([a.length + b.length for a, b in zip(first, second, strict=False)], args.batch, rng)
    steps = len(plan)
    optimizer = torch.optim.AdamW(
        [{"params": encoder.parameters(), "lr": args.rate}, {"params": head.parameters(), "lr": 2e-2}],
        weight_decay=0.01,
    )
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / 30) * max(0.03, 1 - s / steps))
    encoder.train()
    seen: defaultdict[str, int] = defaultdict(int)
    right: defaultdict[str, int] = defaultdict(int)
    start = time.time()
    for step, batch in enumerate(plan):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            vectors = encoder([first[k] for k in batch] + [second[k] for k in batch])
        a, b = vectors.float().chunk(2)
        logits = head(a, b)
        labels = torch.tensor([float(rows[k]["equivalent"]) for k in batch])
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        rate.step()
        for k, hit in zip(batch, ((logits > 0) == (labels > 0.5)).tolist(), strict=True):
            kind = f"{rows[k]['kind']}:{rows[k]['equivalent']}"
            seen[kind] += 1
            right[kind] += hit
        if step % 50 == 49 or step == steps - 1:
            share = {kind: f"{right[kind] / seen[kind]:.2f}" for kind in sorted(seen)}
            print(f"{step + 1}/{steps} {time.time() - start:.0f}s loss {loss:.3f} {share}", flush=True)
            seen.clear()
            right.clear()
    save_change(encoder.bert, packaged()[0].model, args.out)
    found = {"weight": head.weight.tolist(), "bias": head.bias.item()}
    (args.out / "head.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
