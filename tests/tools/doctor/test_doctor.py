from collections import namedtuple

import pytest

from darling_plugin.integrations.verl import versions
from darling_plugin.tools.doctor import checks as doctor


def by_name(checks):
    return {check.name: check for check in checks}


@pytest.mark.parametrize(
    ("policy", "status", "remedy"),
    [
        (None, "ok", ""),
        ("auto", "ok", ""),
        ("", "problem", "export VERL_USE_EXTERNAL_PLUGINS=darling"),  # verl takes an empty list at its word
        ("none", "problem", "unset VERL_USE_EXTERNAL_PLUGINS"),
        ("NONE", "problem", "unset VERL_USE_EXTERNAL_PLUGINS"),
        ("darling", "ok", ""),
        ("other, darling", "ok", ""),
        ("other", "problem", "export VERL_USE_EXTERNAL_PLUGINS=other,darling"),
        ("darling2", "problem", "export VERL_USE_EXTERNAL_PLUGINS=darling2,darling"),
    ],
)
def test_excluded_by_the_environment(policy, status, remedy):
    check = doctor.not_excluded({} if policy is None else {"VERL_USE_EXTERNAL_PLUGINS": policy})
    assert (check.status, check.remedy) == (status, remedy)


def test_our_entry_point_is_there():
    assert doctor.entry_point().status == "ok"


def test_no_entry_point(monkeypatch):
    monkeypatch.setattr(doctor, "entry_points", lambda group: [])
    check = doctor.entry_point()
    assert check.status == "problem" and "pip install" in check.remedy


@pytest.mark.parametrize("found", ["0.9.0", "0.10.0", "0.7.1"])
def test_unsupported_verl(monkeypatch, found):
    monkeypatch.delenv(versions.ALLOW_UNTESTED, raising=False)
    monkeypatch.setattr(versions, "verl_version", lambda: found)
    check = doctor.verl()
    assert check.status == "problem" and found in check.detail
    assert check.remedy == "pip install 'verl>=0.9.1,<0.10'"


def test_unsupported_verl_that_was_let_pass_is_a_note(monkeypatch):
    monkeypatch.setenv(versions.ALLOW_UNTESTED, "1")
    monkeypatch.setattr(versions, "verl_version", lambda: "0.11.0")
    assert doctor.verl().status == "note"


@pytest.mark.parametrize(("found", "status"), [(None, "note"), ("0.11.2", "ok"), ("0.12.0", "note")])
def test_openrlhf(monkeypatch, found, status):
    monkeypatch.setattr(doctor, "installed", lambda name: found)
    check = doctor.openrlhf()
    assert check.status == status
    assert check.remedy == ("" if status == "ok" else "pip install 'openrlhf>=0.11,<0.12'")


def test_no_verl(monkeypatch):
    monkeypatch.setattr(versions, "verl_version", lambda: None)
    check = doctor.verl()
    assert check.status == "problem" and "not installed" in check.detail and "pip install" in check.remedy


@pytest.mark.parametrize(("required", "status"), [(True, "problem"), (False, "note")])
def test_missing_package(required, status):
    check = doctor.package(doctor.Package("no-such-package", "nothing", "pip install it", required))
    assert (check.status, check.remedy) == (status, "pip install it")


def test_old_python(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 13, 0))
    assert doctor.python().status == "problem"


def test_cpu_patches_made_for_another_verl(monkeypatch):
    from darling_plugin.cpu import patches

    assert doctor.platform({"VERL_PLATFORM": "CPU"}).status == "ok"
    monkeypatch.setattr(patches, "version", lambda package: "0.9.9")
    check = doctor.platform({"VERL_PLATFORM": "cpu"})
    assert check.status == "problem" and "0.9.9" in check.detail and check.remedy
    assert doctor.platform({}).status == "ok"  # where they are not used, they do not matter


def test_little_shared_memory(monkeypatch, tmp_path):
    disk = namedtuple("Disk", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: disk(2**26, 0, 2**26))
    assert doctor.shared_memory(str(tmp_path)).status == "note"
    assert doctor.shared_memory(str(tmp_path / "none")).status == "ok"


def test_not_loaded_shows_what_is_missing_and_the_error():
    found = {"estimator": True, "reward_manager": False, "trainers": {"sync": True, "colocate_async": False}}
    check = doctor.loaded(found, "ImportError: no libcuda")
    assert check.status == "problem"
    assert "reward manager" in check.detail and "hook round" in check.detail
    assert "estimator" not in check.detail
    assert "ImportError: no libcuda" in check.detail


def test_verl_that_does_not_import_is_a_problem_with_its_error():
    found, errors = {}, "ModuleNotFoundError: No module named 'verl'"
    assert doctor.loaded(found, errors).status == "problem"
    assert doctor.config_group(found, errors).status == "problem"
    assert errors in doctor.loaded(found, errors).detail


def test_accelerators():
    assert "2 × CUDA: H200" in doctor.accelerators({"devices": ["H200", "H200"]}, {}).detail
    assert doctor.accelerators({"devices": []}, {}).status == "note"
    assert doctor.accelerators({"devices": []}, {"VERL_PLATFORM": "cpu"}).status == "ok"


def test_probe_that_fails_leaves_its_stderr(monkeypatch):
    monkeypatch.setattr(doctor.sys, "executable", "/bin/false")
    assert doctor.run_probe({}) == ({}, "")
