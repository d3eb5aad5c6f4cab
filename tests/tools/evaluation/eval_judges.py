"""A similarity of a user's own, for `--similarity callable`."""


def same_start(pairs):
    if any("unreadable" in text for pair in pairs for text in pair):
        return [2.0] * len(pairs)  # no probability: a SimilarityError
    return [float(a[0] == b[0]) for a, b in pairs]


def near(pairs):
    """Numbers at most 1 apart: not transitive."""
    return [float(abs(int(a) - int(b)) <= 1) for a, b in pairs]
