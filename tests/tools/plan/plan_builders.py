"""Small machines with round numbers, for the tests of the plan."""

import numpy as np

from darling_plugin.tools.plan.machines import Classifier, Training
from darling_plugin.tools.plan.shapes import Drawn


def drawn(lengths, labels=None):
    lengths = np.array(lengths)
    return Drawn(lengths, np.zeros_like(lengths) if labels is None else np.array(labels))


def reader(kind="bi-encoder", *, rate=100.0, batch_tokens=1000, batch_s=0.0, request_s=0.0, reads=10_000, pair_s=0.0):
    """100 tokens a second, nothing else takes time."""
    return Classifier(
        f"a {kind}",
        kind,
        reads=reads,
        batch_tokens=batch_tokens,
        batch_s=batch_s,
        request_s=request_s,
        pair_s=pair_s,
        tokens_per_second=rate,
    )


def trainer(**changes):
    return Training(gpus=8, **changes)
