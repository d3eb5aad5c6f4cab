"""How good and how varied a model's responses are: the metrics of the field, one family to a file.

Pure NumPy and SciPy: no metric samples, judges or trains. Who calls a response correct, and who says that two are
equivalent, is decided before. `docs/metrics.md` has all of them in one table.

    pass_at_k.py           pass@k: at least one of k samples is correct
    maj_at_k.py            maj@k: the most frequent of k answers is correct
    novelty.py             NoveltyBench: distinct_k, utility_k, its greedy partition, its 1 … 10 scale of rewards
    cov_at_n.py            Cov@N: expected distinct classes among N correct samples
    semantic.py            distinct strategies among correct answers; effective semantic diversity
    lexical_diversity.py   self-BLEU, distinct-n
    dispersion.py          Vendi score, mean pairwise cosine distance
    entropy.py             token entropy, where log-probabilities are there

    intervals.py           a mean over problems, with its bootstrap interval
    paired.py              two checkpoints on the same problems: difference, interval, p-value

Each metric but the last two is of the responses to one problem (pass@k takes many problems at once). Put the values of
all problems into `bootstrap_mean`, and those of two checkpoints into `compare_paired`:

    >>> bootstrap_mean(pass_at_k(n=64, c=correct_per_problem, k=16))             # doctest: +SKIP
    >>> compare_paired([distinct_k(x) for x in before], [distinct_k(x) for x in after])   # doctest: +SKIP

A new metric is a new file here, a line above, and a row in `docs/metrics.md`. Importing this costs NumPy alone.
"""

from darling_plugin.core.pass_at_k import pass_at_k
from darling_plugin.evaluation.cov_at_n import cov_at_n
from darling_plugin.evaluation.dispersion import cosine_kernel, mean_cosine_distance, vendi_score
from darling_plugin.evaluation.entropy import sampled_entropy, token_entropy
from darling_plugin.evaluation.intervals import Interval, bootstrap_mean
from darling_plugin.evaluation.lexical_diversity import distinct_n, self_bleu
from darling_plugin.evaluation.maj_at_k import maj_at_k
from darling_plugin.evaluation.novelty import distinct_k, greedy_partition, reward_to_score, utility_k
from darling_plugin.evaluation.paired import PairedComparison, compare_paired
from darling_plugin.evaluation.semantic import SemanticDiversity, distinct_correct, effective_semantic_diversity

__all__ = [
    "Interval",
    "PairedComparison",
    "SemanticDiversity",
    "bootstrap_mean",
    "compare_paired",
    "cosine_kernel",
    "cov_at_n",
    "distinct_correct",
    "distinct_k",
    "distinct_n",
    "effective_semantic_diversity",
    "greedy_partition",
    "maj_at_k",
    "mean_cosine_distance",
    "pass_at_k",
    "reward_to_score",
    "sampled_entropy",
    "self_bleu",
    "token_entropy",
    "utility_k",
    "vendi_score",
]
