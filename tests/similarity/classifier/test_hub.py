"""What is a mistyped folder, and what may be on the hub; the hub is never asked here."""

from pathlib import Path

import pytest

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.similarity import ClassifierSimilarity
from darling_plugin.similarity.classifier.hub import absent_path
from darling_plugin.similarity.classifier.scorer import load_scorer
from darling_plugin.tools.classifier.pairs import Pair, read_pairs
from darling_plugin.tools.classifier.recipe import make_recipe
from darling_plugin.tools.classifier.train import train


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with outputs/mine, and a hub that must not be asked: its client fails at once, unlike a real one."""
    (tmp_path / "outputs" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("outputs/mine", None),  # it is here
        ("owner/name", None),  # no owner/ here: a name on the hub
        ("bert-base-uncased", None),
        ("outputs/mein", "there is no mein in outputs (for one of that name on the Hugging Face hub, work in a folder"),
        ("outputs/mein/fold-1", "there is no mein in outputs"),
        ("outputs/mine/fold-1", "there is no fold-1 in outputs/mine"),
        ("one/two/three", "there is no one here"),
        ("HERE/outputs/mein", "there is no mein in HERE/outputs"),
    ],
)
def test_only_what_must_be_a_path_is_said_to_be_absent(here: Path, name: str, message: str | None) -> None:
    found = absent_path(name.replace("HERE", str(here)))
    assert found is None if message is None else (found or "").startswith(message.replace("HERE", str(here)))


def test_what_the_hub_client_has_is_not_absent(here: Path) -> None:
    assert absent_path("outputs/mein") is not None
    (here / "cache" / "models--outputs--mein").mkdir(parents=True)
    assert absent_path("outputs/mein") is None


def test_every_way_in_says_so() -> None:
    with pytest.raises(ConfigError, match="there is no classifier outputs/mein: there is no mein in outputs"):
        load_scorer("outputs/mein")
    with pytest.raises(ConfigError, match=r"`darling\.similarity\.model` is .*there is no mein in outputs"):
        ClassifierSimilarity("outputs/mein")
    with pytest.raises(InputError, match="there are no labeled pairs outputs/pears:test: there is no pears in outputs"):
        read_pairs("outputs/pears:test")


@pytest.mark.parametrize("kind", ["bi-encoder", "cross-encoder"])
def test_a_mistyped_base_leaves_nothing_behind(here: Path, kind: str) -> None:
    pairs = [Pair(str(number), "a", "b", number % 2) for number in range(40)]
    for base, message in [("outputs/mein", "there is no mein in outputs"), ("owner/name", "cannot be reached")]:
        with pytest.raises(ConfigError, match=message):
            train(pairs, here / "out", make_recipe(base_model=base, kind=kind), quiet=True)
        assert not (here / "out").exists()
