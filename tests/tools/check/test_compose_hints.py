"""What to write instead of an override that Hydra refuses, and modules of the working directory."""

import shlex
import sys

import pytest

from darling_plugin.errors import ConfigError
from darling_plugin.tools.check.compose import compose_job
from darling_plugin.tools.overrides import as_overrides

DARLING = "algorithm.adv_estimator=darling"


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["darling.diversty.floor=0.2"], "Did you mean darling.diversity.floor?"),
        (["+darling=base", "darling.diversty.floor=0.2"], "Did you mean darling.diversity.floor?"),
        (["darling.service.backend=ray"], "Write ++darling.service.backend=ray, or add +darling=base."),
        (["+darling=base", "+darling.service.backend=ray"], "Write darling.service.backend=ray to change it."),
        (["data.trian_files=x"], "Did you mean data.train_files?"),
        (["nothing.like.it=1"], "To add a setting of your own: +nothing.like.it=1."),
    ],
)
def test_hints(overrides, said):
    with pytest.raises(ConfigError) as error:
        compose_job(overrides)
    assert said in str(error.value)


@pytest.mark.parametrize("more", [[], ["+darling=base"]])
def test_printed_settings_compose_with_and_without_a_group(more):
    settings = {"darling.service.backend": "ray", "darling.similarity.model": "a b"}
    printed = [shlex.split(part)[0] for part in as_overrides(settings)]
    config = compose_job([*more, *printed])
    assert (config.darling.service.backend, config.darling.similarity.model) == ("ray", "a b")


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("ray", "++a.b=ray"),
        (4, "++a.b=4"),
        (None, "++a.b=null"),
        (True, "++a.b=true"),
        ("out/my model", "'++a.b='\"'\"'out/my model'\"'\"''"),
    ],
)
def test_settings_as_a_shell_and_hydra_take_them(value, printed):
    assert as_overrides({"a.b": value}) == [printed]


def test_modules_of_the_working_directory_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    (tmp_path / "my_judges_of_this_test.py").write_text("")
    compose_job([])
    import my_judges_of_this_test  # noqa: F401
