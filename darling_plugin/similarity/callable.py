"""A judge of your own: any function that the job can import, named `module:function`."""

import importlib
from collections.abc import Sequence
from typing import Any

from darling_plugin.errors import ConfigError

KEY = "darling.similarity.function"


class CallableSimilarity:
    """The function named `module:function`, for example `my_project.judges:same_plot`.

    It takes a list of pairs of texts and returns one probability of equivalence, in [0, 1], per pair. It is imported
    when the judge is made, so that a wrong name stops a job at its start. It sees short texts too: no rule comes
    before it. What it raises rises.
    """

    default_threshold = 0.5
    short_text_rule = False

    def __init__(self, function: str):
        self.function = function
        self._call = _load(function)

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> Any:
        return self._call(list(pairs))


def _load(spec: str) -> Any:
    module_name, colon, path = spec.partition(":") if isinstance(spec, str) else ("", "", "")
    if not (module_name and colon and path):
        raise ConfigError(f"`{KEY}` must read `module:function`, for example my_project.judges:same_plot; got {spec!r}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # A module that exists and misses one of its own imports is another fault: its own error says it best.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(
            f"`{KEY}` is {spec!r}, and there is no module {error.name!r} on the Python path; install its package in "
            "the environment of the job, or set PYTHONPATH to its folder on every node"
        ) from error
    function: Any = module
    for name in path.split("."):
        if not hasattr(function, name):
            raise ConfigError(f"`{KEY}` is {spec!r}, and {module_name!r} has no {path!r}")
        function = getattr(function, name)
    if not callable(function):
        raise ConfigError(f"`{KEY}` is {spec!r}, which is not a function but {type(function).__name__}")
    return function
