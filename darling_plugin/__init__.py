"""DARLING for an unmodified verl: train language models for quality and semantic diversity at once.

The method is "Jointly Reinforcing Diversity and Quality in Language Model Generations" (arXiv 2509.02534): among
the n responses to a prompt, a judge says which are equivalent; each response's reward is its quality times the share
of siblings that say something else.

What lives where; **start at `core/pipeline.py`**, where one batch goes through every step:

    core/                the paper in short NumPy files: partition, diversity, fusion, advantage, metrics, pipeline
    similarity/          who says that two responses are equivalent; one file each
    classifier/          the learned judge: label, train, calibrate, evaluate, and the shipped one
    endpoint/            an OpenAI-compatible endpoint, asked with retries
    service/             partitions at scale, found while responses still come in
    evaluation/          quality and diversity of a model, measured; a page of a run's groups and curves
    data/                the recipes' parquet files: sources, filters, decontamination, manifest
    launch/              `darling check`: what can be known before a GPU is paid for
    export/              from a checkpoint to a Hugging Face folder with a model card
    quality/             how good one response is: verifiable answers, reward models
    integrations/verl/   the only room that imports verl
    countdown/           a task on which the effect shows in minutes on a CPU
    cpu/                 what lets verl run without a GPU
    errors.py            the errors that a user meets
    console.py, progress.py, files.py, functions.py, packages.py    short, and used by several rooms

Importing this package costs NumPy and nothing else: verl loads it in every process of a job.
"""

from darling_plugin.core import (
    PipelineResult,
    PipelineSettings,
    fuse_rewards,
    group_advantages,
    ngram_diversity,
    partition,
    partition_diversity,
    run_pipeline,
)

__version__ = "0.1.0"

__all__ = [
    "PipelineResult",
    "PipelineSettings",
    "__version__",
    "fuse_rewards",
    "group_advantages",
    "ngram_diversity",
    "partition",
    "partition_diversity",
    "run_pipeline",
]
