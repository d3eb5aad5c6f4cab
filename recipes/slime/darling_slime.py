"""DARLING in slime: --custom-reward-post-process-path darling_slime.post_process; settings as YAML in DARLING."""

import logging
import os
from functools import cache

from darling_plugin.config import parse_settings
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import Step


@cache
def step() -> Step:
    import yaml

    return Step(parse_settings(yaml.safe_load(os.environ.get("DARLING", "{}"))))


def post_process(args, samples):
    """Raw rewards for slime's log, and DARLING's advantages in the place of slime's own; one each per sample."""
    raw = [float(sample.get_reward_value(args)) for sample in samples]
    uid = [sample.group_index for sample in samples]
    prompts = [str(sample.prompt) for sample in samples]
    result = step()(Rollouts([sample.response for sample in samples], uid, raw, prompts))
    logging.getLogger("darling_plugin").warning("%s", step().metrics())
    return raw, result.advantages.tolist()
