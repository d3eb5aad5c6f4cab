"""How pytest-xdist shares the tests: the longest files first, and what shares a start-up in one process."""

import signal
import threading

import pytest

# The number of a file, or of its folder, is its place; the rest follow in the order of the tree. By CPU time, the
# processes that they start included: the first five minutes, the last half of one.
LONGEST = [
    "tests/runs/test_countdown_run.py",
    "tests/cluster/test_ray_service.py",  # before verl's, which start a Ray too
    "tests/cluster/test_placement.py",
    "tests/integrations/verl/",
    "tests/integrations/openrlhf/test_openrlhf_training.py",
    "tests/tools/evaluation/test_eval_vllm.py",
    "tests/tools/check/",
    "tests/tools/classifier/label/test_label_served.py",
    "tests/integrations/trl/test_trl_processes.py",
    "tests/tools/classifier/test_train.py",
    "tests/test_pooling_models.py",
]
# Folders whose tests share an imported verl, or a Ray: they go to one process.
TOGETHER = ("tests/integrations/verl/", "tests/tools/check/")


def pytest_configure() -> None:
    # A shell starts a background job with interrupts ignored, and so would be every process that a test interrupts.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # in a process of pytest-xdist; alone, the order of the tree is clearer
        items.sort(key=lambda item: _place(item.nodeid))


def _place(test: str) -> int:
    return next((number for number, start in enumerate(LONGEST) if test.startswith(start)), len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from xdist.scheduler import LoadFileScheduling

    class LoadTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    return LoadTogether(config, log) if config.option.dist == "loadfile" else None
