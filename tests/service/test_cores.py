import os

import pytest

from darling_plugin.service import cores
from darling_plugin.service.cores import available_cores, limit_threads
from recipes.countdown.threads import torch_threads


@pytest.mark.parametrize(("limit", "cores"), [("150000 100000", 1), ("50000 100000", 1), ("300000 100000", 3)])
def test_a_containers_limit_counts(tmp_path, monkeypatch, limit, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    (tmp_path / "cpu.max").write_text(limit)
    assert available_cores(tmp_path) == cores


def test_without_a_limit_the_affinity_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2})
    assert available_cores(tmp_path) == 3
    (tmp_path / "cpu.max").write_text("max 100000")
    assert available_cores(tmp_path) == 3


def test_an_older_container_says_it_in_two_files(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("200000")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert available_cores(tmp_path) == 2


@pytest.mark.parametrize(("told", "available", "threads"), [(1, 8, 1), (2, 8, 2), (2, 1, 1)])
def test_a_process_that_was_told_to_use_few_threads_uses_few(monkeypatch, told, available, threads):
    import torch

    monkeypatch.setattr(cores, "available_cores", lambda: available)
    with torch_threads(told):
        limit_threads()
        assert torch.get_num_threads() == threads
