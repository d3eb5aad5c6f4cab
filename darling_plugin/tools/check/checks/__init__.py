"""Every check, in the order in which a reader wants to hear of them. Each takes a `Job` and yields `Finding`s.

numbers.py     counts that are counts; where one is not, nothing else is looked at
environment.py variables that the job's processes must find
plugin.py      the `darling:` node and what it needs: the plugin's own `validate_job`
verl_own.py    verl's `validate_config` and its dataclasses
gpus.py        pools against nodes; replicas and parallel sizes against pools
modes.py       what each trainer mode asks for
batches.py     batch, mini-batch, responses a prompt
tokens.py      token budgets against the longest sequence
gpu_memory.py  an estimate against a GPU's memory
rewards.py     estimator, reward manager, reward model, fusion: do they belong together
similarity.py  what the similarity reads of a response, and what a step asks of it
paths.py       models and data
scripts.py     whether the shipped classifier reads the script of the prompts
templates.py   tokenizer and chat template of a local model
disk.py        free space for checkpoints
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from darling_plugin.tools.check.checks import (
    batches,
    disk,
    environment,
    gpu_memory,
    gpus,
    modes,
    numbers,
    paths,
    plugin,
    rewards,
    scripts,
    similarity,
    templates,
    tokens,
    verl_own,
)
from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import Job

Check = Callable[[Job], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    environment.check,
    plugin.check,
    verl_own.check,
    gpus.check,
    modes.check,
    batches.check,
    tokens.check,
    gpu_memory.check,
    rewards.check,
    similarity.check,
    scripts.check,
    paths.check,
    templates.check,
    disk.check,
)

FIRST: Check = numbers.check

__all__ = ["CHECKS", "FIRST", "Check"]
