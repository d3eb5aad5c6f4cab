"""`+darling=NAME` finds its file from a wheel, from an sdist and from an editable install."""

import os
import subprocess
import sys
import tarfile

import pytest
from places import ROOT

COMPOSE = """
import sys, darling_plugin
from hydra import compose, initialize_config_dir
with initialize_config_dir(sys.argv[1], version_base=None):
    job = compose("job", overrides=["+darling=math"])
print(darling_plugin.__file__)
print(job.darling.diversity.floor, job.data.max_response_length, job.darling.quality.verifier)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def unpacked(built, form, to):
    if form == "sdist":
        with tarfile.open(next(built.glob("*.tar.gz"))) as file:
            file.extractall(to / "source", filter="data")
        source = next((to / "source").iterdir())
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(to / "dist")]
        subprocess.run(command, cwd=source, check=True, capture_output=True)
        wheel = next((to / "dist").glob("*.whl"))
    else:
        wheel = next(built.glob("*.whl"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(to / "site"), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return to / "site"


@pytest.mark.parametrize("form", ["wheel", "sdist", "editable"])
def test_a_recipe_is_found(form, built, tmp_path):
    site = ROOT if form == "editable" else unpacked(built, form, tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "job.yaml").write_text("{}\n")
    done = subprocess.run(
        [sys.executable, "-c", COMPOSE, str(tmp_path / "app")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, settings = done.stdout.splitlines()
    assert where == str(site / "darling_plugin" / "__init__.py")
    assert settings == "0.1 8192 math_verify"


def test_the_wheel_holds_the_package_and_no_experiment(built):
    import zipfile

    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert "darling_plugin/configs/darling/base.yaml" in names
    folders = {name.split("/")[0] for name in names}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"darling_plugin", "hydra_plugins"}
