"""The paper (arXiv 2509.02534) in NumPy. Knows nothing of trainers, Ray, HTTP or torch.

One batch holds the responses to many prompts; row i of every array belongs to response i, and `uid[i]` names its
prompt. The rows of one uid are a *group*; the groups may be interleaved in any order. In the order of the paper:

    partition.py    which responses of a group are equivalent: classes, the transitive closure of the verdicts
      questions.py        which pairs of a group still have to be scored (few, in rounds that all groups share)
      representatives.py  the cheaper partition: each response against one member of each class
      classes.py          union-find
      rules.py            rules that decide pairs before the similarity is asked
      short_text.py       the authors' rule for texts of at most five words
      pair_scoring.py     one call of the similarity, and the check of what it returned
    diversity.py    d = the share of siblings in another class
    ngram.py        d = the share of a response's n-grams that no sibling has: the lexical baseline
    fusion.py       r = quality × d, and the other ways to combine the two
    advantage.py    A = r − the group's mean
    metrics.py      what to log about a batch
    pass_at_k.py    the unbiased estimate from n samples

    groups.py       rows by uid, and sums over groups
    checks.py       the argument checks that all of them share

`objectives/` puts these steps together, one file per method.
"""

from darling_plugin.core.advantage import group_advantages
from darling_plugin.core.diversity import partition_diversity
from darling_plugin.core.fusion import fuse_rewards
from darling_plugin.core.metrics import group_metrics
from darling_plugin.core.ngram import ngram_diversity
from darling_plugin.core.partition import Partition, PartitionRule, find_partition

__all__ = [
    "Partition",
    "PartitionRule",
    "find_partition",
    "fuse_rewards",
    "group_advantages",
    "group_metrics",
    "ngram_diversity",
    "partition_diversity",
]
