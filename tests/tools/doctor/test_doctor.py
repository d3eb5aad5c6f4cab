from collections import namedtuple

import pytest

from darling_plugin.integrations import versions as ranges
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


@pytest.mark.parametrize("found", ["0.7.1", "0.10.0", "0.7.0"])
def test_unsupported_verl(monkeypatch, found):
    monkeypatch.delenv(ranges.VERL.allow, raising=False)
    monkeypatch.setattr(versions, "verl_version", lambda: found)
    check = doctor.verl()
    assert check.status == "problem" and found in check.detail
    assert check.remedy == "pip install 'verl>=0.8.0,<0.10'"


def test_unsupported_verl_that_was_let_pass_is_a_note(monkeypatch):
    monkeypatch.setenv(ranges.VERL.allow, "1")
    monkeypatch.setattr(versions, "verl_version", lambda: "0.11.0")
    assert doctor.verl().status == "note"


@pytest.mark.parametrize(("found", "status"), [(None, "note"), ("0.11.2", "ok"), ("0.12.0", "note")])
def test_openrlhf(monkeypatch, found, status):
    monkeypatch.setattr(ranges, "installed", lambda name: found)
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


@pytest.mark.parametrize(("version", "status"), [((3, 12, 9), "ok"), ((3, 13, 0), "note")])
def test_python(monkeypatch, version, status):
    monkeypatch.setattr(doctor.sys, "version_info", version)
    assert doctor.python().status == status


def test_a_python_that_verl_refuses_is_verls_problem(monkeypatch):
    monkeypatch.delenv(ranges.VERL.allow, raising=False)
    monkeypatch.setattr(versions.sys, "version_info", (3, 13, 0))
    check = doctor.verl()
    assert check.status == "problem" and "verl needs Python <3.13" in check.detail


@pytest.mark.parametrize(
    ("found", "status", "detail"),
    [
        (None, "note", "not installed"),
        ("1.7.0", "note", "not supported"),
        ("1.8.0", "ok", "tested with >=1.8,<1.17"),
        ("1.16.0", "ok", "tested with >=1.8,<1.17"),
        ("1.17.0", "note", "not supported"),
    ],
)
def test_trl_in_the_tested_range(monkeypatch, found, status, detail):
    monkeypatch.delenv("DARLING_ALLOW_UNTESTED_TRL", raising=False)
    monkeypatch.setattr(ranges, "installed", lambda name: found)
    check = doctor.trl()
    assert check.status == status and detail in check.detail


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


@pytest.mark.parametrize(("found", "status"), [("0.8.0", "ok"), ("0.9.1", "ok"), ("0.9.7", "note")])
def test_what_was_tested_with_this_verl(monkeypatch, found, status):
    monkeypatch.delenv(ranges.VERL.allow, raising=False)
    monkeypatch.setattr(versions, "verl_version", lambda: found)
    check = doctor.verl()
    assert check.status == status
    assert versions.TESTED.get(found, "tested versions are 0.9.1, 0.9.0, 0.8.0") in check.detail


def test_a_verl_without_entry_points_needs_a_variable(monkeypatch):
    monkeypatch.setattr(versions, "verl_version", lambda: "0.8.0")
    check = doctor.entry_point({})
    assert check.remedy == "export VERL_USE_EXTERNAL_MODULES=darling_plugin.integrations.verl.plugin"
    assert doctor.entry_point({versions.EXTERNAL_MODULES: f"mine,{versions.PLUGIN}"}).status == "ok"


def test_not_loaded_shows_what_is_missing_and_the_error():
    found = {"estimator": True, "reward_manager": False, "trainers": {"sync": True, "colocate_async": False}}
    check = doctor.loaded(found, "ImportError: no libcuda")
    assert check.status == "problem"
    assert "reward manager" in check.detail and "hook in" in check.detail
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
