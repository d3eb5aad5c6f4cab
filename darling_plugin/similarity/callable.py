"""A similarity of your own: any function that the job can import, named `module:function`."""

from collections.abc import Sequence
from typing import Any

from darling_plugin.functions import load_function

KEY = "darling.similarity.function"


class CallableSimilarity:
    """The function named `module:function`, for example `my_project.similarity:same_plot`.

    It takes a list of pairs of texts and returns one probability of equivalence, in [0, 1], per pair. It is imported
    when the similarity is built, so that a wrong name stops a job at its start. It sees short texts too: no rule
    comes before it. Its exceptions are passed on.
    """

    default_threshold = 0.5
    short_text_rule: str | bool = "none"

    def __init__(self, function: str):
        self.function = function
        self._call = load_function(KEY, function, "my_project.similarity:same_plot")

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> Any:
        return self._call(list(pairs))
