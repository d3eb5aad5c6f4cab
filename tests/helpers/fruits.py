"""Pairs that can be learned in a second."""

import random

from darling_plugin.tools.classifier.pairs import Pair

FRUITS = ("apple", "pear", "plum", "fig", "lemon")
PHRASES = ("{}", "my choice is the {}", "i would say {}", "the answer is {}", "it is a {}")


def fruit_pairs(prompts: int, seed: int = 0) -> list[Pair]:
    """Two pairs for each prompt: equivalent when both name the same fruit, whatever the words around it."""
    draw = random.Random(seed)
    pairs = []
    for number in range(prompts):
        for similar in (0, 1):
            first = draw.choice(FRUITS)
            second = first if similar else draw.choice([fruit for fruit in FRUITS if fruit != first])
            a, b = draw.sample(PHRASES, 2)
            pairs.append(Pair(f"name a fruit {number}", a.format(first), b.format(second), similar))
    return pairs
