"""Teach a trained encoder what people call equivalent in long texts: `python train_labeled.py --start DIR --out DIR`.

The labeled NoveltyBench pairs, those of --leave-out's labelers left out, and beside them made pairs, so that what was
learned of short texts stays. Only the upper layers change. The loss is the cross-entropy of the whole logit of
candidate/features.py, its weights learning too, within their signs; the card is fitted again afterwards by fit_head.py.
"""

from __future__ import annotations

# isort: split: common sets the import path
import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recipes.similarity.candidate.features import FALLING, FEATURES, RISING, compare, read
from recipes.similarity.candidate.forward import load_forward, save_change
from recipes.similarity.candidate.plain import plain
from recipes.similarity.common import read_jsonl
from recipes.similarity.fit_head import PARTED, Head, labeled_pairs, rarity_table, write_card
from recipes.similarity.train import batches


class WholeLogit(nn.Module):
    """bias + Σ weight_f · feature_f, starting from a card's weights."""

    def __init__(self, weights: dict[str, float], bias: float):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([weights.get(name, 0.0) for name in FEATURES]))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, a: Tensor, b: Tensor, rest: Tensor) -> Tensor:
        """a, b: (pairs, 1 + segments, width); rest: (pairs, features), as `features.compare` gives them."""
        grid = torch.einsum("pid,pjd->pij", a[:, 1:], b[:, 1:])
        cosine = (a[:, 0] * b[:, 0]).sum(-1)
        coverage = torch.minimum(grid.amax(2).amin(1), grid.amax(1).amin(1))
        place = {name: k for k, name in enumerate(FEATURES)}
        w, long = self.weights, rest[:, place["long"]]
        near = (w[place["cosine"]] + long * w[place["long_cosine"]]) * cosine
        covered = (w[place["coverage"]] + long * w[place["long_coverage"]]) * coverage
        rest = rest.clone()
        rest[:, place["broken"]] *= 1 - coverage.detach()
        return rest @ w + near + covered + self.bias

    @torch.no_grad()
    def keep_signs(self) -> None:
        for k, name in enumerate(FEATURES):
            if name in RISING:
                self.weights[k].clamp_(min=0)
            elif name in FALLING:
                self.weights[k].clamp_(max=0)
        for whole, long in PARTED:  # the sum is the weight for long texts
            self.weights[long] = torch.maximum(self.weights[long], -self.weights[whole])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, required=True, help="folder with model.safetensors and card.json")
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--replay", type=int, default=1500, help="made pairs per epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--leave-out", default="", help="labelers, joined by +")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)

    card = json.loads((args.start / "card.json").read_text())
    head = WholeLogit(card["features"], card["bias"])
    forward = load_forward(args.start)
    encoder, reader = forward._encoder, forward._read
    layers = encoder.bert.encoder.layer
    for name, parameter in encoder.bert.named_parameters():
        place = name.split("layer.")[-1].split(".")[0]
        parameter.requires_grad = place.isdecimal() and int(place) >= len(layers) - args.layers
    pairs, labels, rows = labeled_pairs()
    left = set(args.leave_out.split("+"))
    kept = [k for k, row in enumerate(rows) if row["labeler"] not in left]
    rarity = rarity_table(text for k in kept for text in pairs[k])
    made = read_jsonl(args.made)
    rng.shuffle(made)
    made = made[: args.replay * args.epochs]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in encoder.parameters() if p.requires_grad], "lr": args.rate},
            {"params": head.parameters(), "lr": 2e-2},
        ],
        weight_decay=0.01,
    )
    data = []
    for epoch in range(args.epochs):
        part = [(pairs[k], float(labels[k])) for k in kept]
        part += [((r["a"], r["b"]), float(r["equivalent"])) for r in made[epoch * args.replay :][: args.replay]]
        data.append(part)
    own = {text: read(text) for part in data for pair, _ in part for text in pair}
    readings = dict(zip(own, reader([plain(text) for text in own]), strict=True))
    plans = [batches([sum(readings[t].length for t in pair) for pair, _ in part], 24, rng) for part in data]
    steps = sum(map(len, plans))
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / 15) * max(0.03, 1 - s / steps))
    encoder.train()
    step, start, losses = 0, time.time(), []
    for part, plan in zip(data, plans, strict=True):
        for batch in plan:
            some = [part[k] for k in batch]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                vectors = encoder([readings[pair[side]] for side in (0, 1) for pair, _ in some])
            a, b = vectors.float().chunk(2)
            rest = torch.tensor(np.array([compare(own[x], own[y], rarity) for (x, y), _ in some])).float()
            loss = functional.binary_cross_entropy_with_logits(head(a, b, rest), torch.tensor([y for _, y in some]))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            head.keep_signs()
            rate.step()
            losses.append(loss.item())
            step += 1
            if step % 25 == 0:
                print(f"{step}/{steps} {time.time() - start:.0f}s loss {np.mean(losses[-25:]):.3f}", flush=True)
    save_change(encoder.bert, args.out)
    write_card(args.out, Head(head.weights.detach().numpy(), head.bias.item()), rarity)
    print(dict(zip(FEATURES, head.weights.detach().numpy().round(2).tolist(), strict=True)), flush=True)


if __name__ == "__main__":
    main()
