"""The real TRL on this CPU, with a policy of two layers that is made here (`trl_tiny.py`)."""

import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGES = Path(sys.prefix) / "trl"  # scripts/install.sh puts it there: verl 0.9.1 cannot have it beside it
if PACKAGES.is_dir():
    sys.path.append(str(PACKAGES))

if find_spec("trl") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def trl() -> Any:
    """The package, with its trainers imported: most of it is imported when it is first used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports vLLM where that is installed
        import trl
        import trl.trainer.grpo_trainer
        import trl.trainer.rloo_trainer
    return trl
