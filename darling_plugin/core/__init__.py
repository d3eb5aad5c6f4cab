"""The paper (arXiv 2509.02534) in NumPy. Knows nothing of verl, Ray, HTTP or torch.

One batch holds the responses to many prompts; row i of every array belongs to response i, and `uid[i]` names its
prompt. The rows of one uid are a *group*; the groups may be interleaved in any order. The steps, in order:

    pipeline.py     start here: one batch through every step below
    partition.py    which responses of a group are equivalent: classes, by transitive closure of the judge's verdicts
      questions.py    which pairs of one group still have to be asked (few, in rounds that all groups share)
      classes.py      union-find
      short_text.py   the rule for texts of at most five words, which never reach the judge
      judge.py        one call of the judge, and the check of what it gave back
    diversity.py    d = the share of siblings in another class; ngram.py is the lexical baseline
    fusion.py       r = quality × d, and the other ways to put the two together
    advantage.py    A = r − the group's mean
    metrics.py      what to log about a batch

    groups.py       rows by uid, and sums over groups
    checks.py       the argument checks that all of them share

A new step is a new file here and one line in `pipeline.py`.
"""

from darling_plugin.core.advantage import group_advantages
from darling_plugin.core.diversity import partition_diversity
from darling_plugin.core.fusion import fuse_rewards
from darling_plugin.core.metrics import group_metrics
from darling_plugin.core.ngram import ngram_diversity
from darling_plugin.core.partition import Partition, find_partition, partition
from darling_plugin.core.pipeline import PipelineResult, PipelineSettings, run_pipeline

__all__ = [
    "Partition",
    "PipelineResult",
    "PipelineSettings",
    "find_partition",
    "fuse_rewards",
    "group_advantages",
    "group_metrics",
    "ngram_diversity",
    "partition",
    "partition_diversity",
    "run_pipeline",
]
