"""DARLING: train language models with RL for quality and semantic diversity at once, in the trainer that you have.

The method is "Jointly Reinforcing Diversity and Quality in Language Model Generations" (arXiv 2509.02534): among the n
responses to a prompt, a similarity says which are equivalent; each response's reward is its quality times the share of
siblings that say something else.

The runtime; **start at `objectives/darling.py`**, then `step.py`, where one batch goes through everything:

    api.py               load_similarity and partition: the public functions that take a similarity by name
    core/                the paper in short NumPy files: partition, diversity, fusion, advantage, metrics
    form/                what a text's form says without a model: words in any script, numbers, the rule for short texts
    objectives/          the methods, one file each: what a batch of groups is worth
    step.py              one training step, without a trainer
    rollouts.py          what goes into a step and what comes out
    shift.py             what is subtracted from quality that can be negative
    step_metrics.py      the `darling/*` metrics of a step
    samples.py           whole groups written out for people to read
    blas.py              matrix products on one thread
    config.py            the `darling:` node: every setting, its default and its valid values
    similarity/          what says how likely two responses mean the same; one file each
    service/             partitions at scale, found while responses still come in
    quality/             how good one response is: verifiable answers, reward models
    endpoint/            a client for OpenAI-compatible endpoints, with retries
    integrations/        adapters for trainers: they translate, and compute nothing
    cpu/                 what lets verl run without a GPU
    countdown/           a task on which the effect shows in minutes on a CPU
    task_files.py        a task's prompts as files for verl, with a manifest
    kinds/               a task of real words, "name a kind of fish", for a small language model
    evaluation/          metrics of quality and diversity, on NumPy arrays
    cli.py               the command `darling`, which finds its commands by entry points
    errors.py            the errors that a user meets
    json_lines.py        the one reader of JSON from outside
    child.py, console.py, files.py, functions.py, packages.py, progress.py    short, and used in several places

Around it, never imported by it: `tools/`, one folder per command. The configs that `+darling=NAME` finds are in
`configs/`, beside the package in a checkout and inside it in a wheel.

Importing this package costs NumPy and nothing else: verl loads it in every process of a job.
"""

from darling_plugin.api import load_similarity, partition
from darling_plugin.core import (
    fuse_rewards,
    group_advantages,
    ngram_diversity,
    partition_diversity,
)

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "fuse_rewards",
    "group_advantages",
    "load_similarity",
    "ngram_diversity",
    "partition",
    "partition_diversity",
]
