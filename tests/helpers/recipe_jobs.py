"""Every recipe in every variant, engine and size, as a list of overrides; each is composed once for all tests."""

import functools
import itertools

from omegaconf import OmegaConf

RECIPES = ("math", "creative")
VARIANTS = ("darling", "darling_correct_only", "additive", "ngram", "grpo", "grpo_no_std")
# Each is an objective and little else: composed in one size, not in all.
OBJECTIVES = (
    "soft_darling",
    "poly_epo",
    "uniqueness",
    "outcome_batch",
    "outcome_ucb",
    "outcome_ucb_con",
    "dqo",
    "dra",
    "rep_exp",
    "pass_at_k",
    "unlikeliness",
    "negative_reinforcement",
)
# Size → nodes and GPUs of each that it is for.
SIZES = {"64gpu": (8, 8), "8gpu": (1, 8), "1gpu": (1, 1), "smoke": (1, 1)}
ENGINES = ("dp", "megatron")


def cases() -> list[tuple[str, str, str, str]]:
    """(recipe, variant, engine, size); Megatron needs a GPU, so it has no smoke size."""
    product = itertools.product(RECIPES, VARIANTS, ENGINES, SIZES)
    objectives = itertools.product(RECIPES, OBJECTIVES, ("dp",), ("8gpu",))
    return [*(case for case in product if case[2:] != ("megatron", "smoke")), *objectives]


def override(recipe: str, variant: str, engine: str, size: str, *more: str) -> str:
    if (engine, size) == ("megatron", "1gpu"):
        engine = "megatron_1gpu"
    return f"+darling=[{','.join([recipe, f'{recipe}_size/{size}', f'variant/{variant}', f'engine/{engine}', *more])}]"


@functools.cache
def flat(recipe: str, variant: str, engine: str = "dp", size: str = "8gpu") -> dict[str, object]:
    """Full path → value of the composed job."""
    from composed_once import compose_once

    return dict(_leaves(OmegaConf.to_container(compose_once([override(recipe, variant, engine, size)])), ""))


def _leaves(node: dict, path: str):
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
