"""How pytest-xdist shares the tests: the longest files first, and what shares a start-up in one process."""

import signal
import threading
from pathlib import Path

import pytest

# A file's number is its place; the rest follow in the order of the tree. Each takes a minute or more.
LONGEST = [
    "tests/runs/test_countdown_run.py",
    "tests/runs/test_gsm8k_run.py",
    "tests/cluster/test_placement.py",
    "tests/integrations/openrlhf/test_openrlhf_training.py",
    "tests/tools/evaluation/test_eval_vllm.py",
    "tests/tools/classifier/label/test_label_served.py",
    "tests/integrations/trl/test_trl_processes.py",
    "tests/tools/classifier/test_train.py",
]
# Folders whose tests share an imported verl, or a Ray: they go to one process.
TOGETHER = ("tests/integrations/verl/", "tests/tools/check/")


def pytest_configure() -> None:
    # A shell starts a background job with interrupts ignored, and so would be every process that a test interrupts.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # in a process of pytest-xdist; alone, the order of the tree is clearer
        root = Path(__file__).parents[1]
        place = {root / name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from xdist.scheduler import LoadFileScheduling

    class LoadTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    return LoadTogether(config, log) if config.option.dist == "loadfile" else None
