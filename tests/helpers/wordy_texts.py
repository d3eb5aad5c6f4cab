"""Texts of any length from a fixed vocabulary, the same in every run: common words, names, numbers and rare words."""

import random

COMMON = "the of and to in a is that for it as with on was at by be this from which or have an are each one"
MATHS = "equation triangle integer prime solution factor angle square root sum product consider therefore"
NAMES = "Paris Rome Euler Gauss Anna Maria London Danube Fermat Monday"


def wordy_text(seed: int, words: int) -> str:
    """So many words: half common, some of math, a few names, and one in ten that no other text is likely to have."""
    draw = random.Random(seed)
    common, maths, names = COMMON.split(), MATHS.split(), NAMES.split()

    def word() -> str:
        kind = draw.random()
        if kind < 0.5:
            return draw.choice(common)
        if kind < 0.8:
            return draw.choice(maths)
        if kind < 0.9:
            return draw.choice(names)
        return draw.choice([f"{draw.randrange(10_000)}", f"qx{draw.randrange(100_000)}", "Ünïque", "isn't"])

    return " ".join(word() + ("." if draw.random() < 0.08 else "") for _ in range(words))
