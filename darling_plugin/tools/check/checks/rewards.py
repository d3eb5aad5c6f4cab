"""Do estimator, reward manager, reward model, reward function and fusion fit together?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from darling_plugin.tools.check.finding import Finding, warning
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, Job

FUNCTION = "reward.custom_reward_function"


def check(job: Job) -> Iterator[Finding]:
    yield from _verifier(job)
    yield from _function(job)
    yield from _reward_model(job)
    if job.estimator == "darling" or job["darling.reward"]:
        yield from _fusion(job)
    elif job["darling"] is not None and not job["darling.monitor"]:
        yield warning(
            "darling.monitor",
            job["darling.monitor"],
            f"the darling: settings have no effect with algorithm.adv_estimator={job.estimator}.",
            "Set algorithm.adv_estimator=darling, darling.reward=true to give this estimator the fused reward, or "
            "darling.monitor=true to log diversity.",
        )


def _verifier(job: Job) -> Iterator[Finding]:
    if job["darling.quality.verifier"] == "math_verify" and job[f"{FUNCTION}.path"] is not None:
        yield warning(
            "darling.quality.verifier",
            "math_verify",
            f"has no effect, because {FUNCTION}.path={job[f'{FUNCTION}.path']} is used instead.",
        )


def _function(job: Job) -> Iterator[Finding]:
    """The file and the name in it, read without running it."""
    path, name = job[f"{FUNCTION}.path"], job[f"{FUNCTION}.name"]
    if path is None:
        return
    file = source_of(str(path))
    if file is None:
        yield Finding(
            f"{FUNCTION}.path",
            path,
            "there is no such file or module.",
            "Give a path, or pkg://package.module for an installed one.",
        )
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    if name not in names:
        yield Finding(f"{FUNCTION}.name", name, f"{path} defines {', '.join(sorted(names)) or 'no function'}.")


def source_of(path: str) -> Path | None:
    """The file behind a path as verl takes it: a file, file://…, or pkg://package.module."""
    if path.startswith("pkg://"):
        module = path.removeprefix("pkg://").replace("/", ".")
        try:
            spec = find_spec(module)
        except ModuleNotFoundError:
            return None
        return Path(spec.origin) if spec is not None and spec.origin else None
    file = Path(path.removeprefix("file://")).expanduser()
    return file if file.is_file() else None


def _reward_model(job: Job) -> Iterator[Finding]:
    enabled, own = job[f"{REWARD_MODEL}.enable"], job[f"{REWARD_MODEL}.enable_resource_pool"]
    if own and not enabled:
        yield Finding(
            f"{REWARD_MODEL}.enable_resource_pool",
            own,
            "this reserves GPUs for a reward model that is not enabled.",
            f"Set {REWARD_MODEL}.enable=true, or this to false.",
        )
    if not enabled:
        return
    if job[f"{REWARD_MODEL}.model_path"] is None:
        yield Finding(f"{REWARD_MODEL}.model_path", None, "a reward model is enabled, but its path is not set.")
    if job[f"{FUNCTION}.path"] is not None and not own:
        yield Finding(
            f"{REWARD_MODEL}.enable_resource_pool",
            own,
            "if the reward model shares the policy's GPUs, verl gives a reward function only the prompt, so it "
            "would stop after the first rollout.",
            f"Set it to true, or {FUNCTION}.path=null (verl then asks the reward model itself).",
        )
    if job["algorithm.filter_groups.enable"] and not own:
        yield Finding(
            "algorithm.filter_groups.enable",
            True,
            "groups are filtered while they are sampled, and a reward model on the policy's GPUs scores afterwards.",
            f"Set {REWARD_MODEL}.enable_resource_pool=true.",
        )


def _fusion(job: Job) -> Iterator[Finding]:
    scored = job[f"{REWARD_MODEL}.enable"]
    mode, shift = job["darling.fusion.mode"] or "multiplicative", job["darling.fusion.shift"]
    if scored and mode == "multiplicative" and shift == "none":
        yield warning(
            "darling.fusion.shift",
            shift,
            "a reward model's scores may be negative: then the more distinct of two bad responses gets less reward.",
            "Set darling.fusion.shift=group_min.",
        )
    if scored and job["darling.diversity.scope"] == "correct":
        yield warning(
            "darling.diversity.correct_threshold",
            job["darling.diversity.correct_threshold"],
            "with a reward model, a response counts as correct if its score is above this.",
            "Choose it from your reward model's scores.",
        )
    if job[f"{ACTOR}.loss_agg_mode"] != "token-mean":
        yield warning(
            f"{ACTOR}.loss_agg_mode",
            job[f"{ACTOR}.loss_agg_mode"],
            "the paper averages over tokens.",
            f"Set {ACTOR}.loss_agg_mode=token-mean.",
        )
