"""Real trainings by sentence-transformers, of an encoder that is small enough."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fruits import fruit_pairs
from places import ROOT

from darling_plugin.errors import ConfigError, InputError
from darling_plugin.similarity.classifier.card import read_card
from darling_plugin.similarity.classifier.scorer import load_scorer, probabilities
from darling_plugin.tools.classifier import learner
from darling_plugin.tools.classifier.pairs import Pair, labels
from darling_plugin.tools.classifier.recipe import make_recipe
from darling_plugin.tools.classifier.train import Trained, train

AWKWARD = [
    "",
    " ",
    "\x00\x07",
    "日本語の答え",
    "🍎" * 5,
    "apple " * 20_000,
    "x" * 100_000,
    "\ud800 apple",
    "[SEP] [CLS]",
]


@pytest.fixture(scope="module")
def recipe(encoder: str) -> dict[str, Any]:
    return {
        "base_model": encoder,
        "epochs": 6,
        "learning_rate": 3e-3,
        "evaluations": 1,
        "validation_share": 0.15,
        "calibration_share": 0.15,
    }


@pytest.fixture(scope="module")
def trained(recipe: dict[str, Any], fruits: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(fruits, tmp_path_factory.mktemp("bi") / "out", make_recipe(**recipe), quiet=True)


@pytest.fixture(scope="module")
def crossed(recipe: dict[str, Any], fruits: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    settings = recipe | {"kind": "cross-encoder", "epochs": 1}
    return train(fruits, tmp_path_factory.mktemp("cross") / "out", make_recipe(**settings), quiet=True)


def held_out() -> list[Pair]:
    return fruit_pairs(40, seed=7)


def test_it_learns_what_equivalent_means(trained: Trained) -> None:
    pairs = held_out()
    scorer = load_scorer(str(trained.folder))
    p = probabilities(scorer.logits([pair.texts for pair in pairs]), scorer.card.temperature)
    # untrained, half of them are right
    assert np.mean((p > scorer.card.threshold) == labels(pairs)) > 0.9
    assert trained.best_auc is not None and trained.best_auc > 0.9


def test_the_folder_says_where_it_came_from(trained: Trained, recipe: dict[str, Any]) -> None:
    card = read_card(trained.folder)
    assert card == trained.card
    assert card.calibration is not None and card.calibration.aim == "accuracy"
    assert card.provenance["recipe"]["base_model"] == recipe["base_model"]
    assert sum(card.provenance["pairs"].values()) == 240
    assert (trained.folder / "training" / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert any((trained.folder / "training" / "tensorboard").iterdir())
    assert not (trained.folder / "training" / "checkpoints").exists()
    history = json.loads((trained.folder / "training" / "history.json").read_text())
    assert any("loss" in row for row in history) and any("eval_auc" in row for row in history)


@pytest.mark.parametrize("kind", ["trained", "crossed"])
def test_swapping_changes_nothing_and_awkward_texts_are_texts(kind: str, request: pytest.FixtureRequest) -> None:
    scorer = load_scorer(str(request.getfixturevalue(kind).folder))
    pairs = [(a, b) for a in AWKWARD for b in AWKWARD]
    forth, back = scorer.logits(pairs), scorer.logits([(b, a) for a, b in pairs])
    assert np.isfinite(forth).all()
    assert forth == pytest.approx(back, abs=1e-4)
    threshold = scorer.card.threshold
    verdicts = [probabilities(logits, scorer.card.temperature) > threshold for logits in (forth, back)]
    assert (verdicts[0] == verdicts[1]).all()
    assert scorer.truncated > 0


@pytest.mark.parametrize("kind", ["trained", "crossed"])
def test_batching_changes_no_verdict(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind).folder
    pairs = [pair.texts for pair in held_out()[:12]]
    together = load_scorer(str(folder)).logits(pairs)
    alone = np.concatenate([load_scorer(str(folder), tokens=1).logits([pair]) for pair in pairs])
    assert together == pytest.approx(alone, abs=1e-4)


def test_an_adapter_scores_as_the_merged_model_does(recipe: dict[str, Any], fruits: list[Pair], tmp_path: Path) -> None:
    lora = recipe | {"lora_rank": 4, "epochs": 1, "train_layers": 1}
    merged = train(fruits, tmp_path / "merged", make_recipe(**lora), quiet=True)
    adapter = train(fruits, tmp_path / "adapter", make_recipe(**lora, adapter_only=True), quiet=True)
    pairs = [pair.texts for pair in held_out()[:10]]
    assert load_scorer(str(merged.folder)).logits(pairs) == pytest.approx(
        load_scorer(str(adapter.folder)).logits(pairs), abs=1e-3
    )
    assert not (adapter.folder / "model.safetensors").exists()
    assert json.loads((adapter.folder / "adapter_config.json").read_text())["base_model_name_or_path"] == str(
        recipe["base_model"]
    )


def test_the_same_seed_gives_the_same_classifier(recipe: dict[str, Any], fruits: list[Pair], tmp_path: Path) -> None:
    short = recipe | {"epochs": 1}
    cards = [train(fruits, tmp_path / name, make_recipe(**short), quiet=True).card for name in ("a", "b")]
    assert cards[0] == cards[1]
    other = train(fruits, tmp_path / "c", make_recipe(**short | {"seed": 1}), quiet=True).card
    assert other.scale != cards[0].scale


def test_an_interrupted_training_goes_on_from_its_checkpoint(
    recipe: dict[str, Any], fruits: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    straight = train(fruits, tmp_path / "straight", make_recipe(**recipe), quiet=True)
    step, steps = Trainer.training_step, []

    def stop_at_25(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 25:
            raise KeyboardInterrupt
        steps.append(self.state.global_step)
        return step(self, *args, **kwargs)

    monkeypatch.setattr(Trainer, "training_step", stop_at_25)
    with pytest.raises(KeyboardInterrupt):
        train(fruits, tmp_path / "out", make_recipe(**recipe), quiet=True)
    monkeypatch.setattr(Trainer, "training_step", lambda self, *a, **k: (steps.append(-1), step(self, *a, **k))[1])
    with pytest.raises(ConfigError, match="add --resume to continue it"):
        train(fruits, tmp_path / "out", make_recipe(**recipe), quiet=True)
    with pytest.raises(ConfigError, match="started with other settings"):
        train(fruits, tmp_path / "out", make_recipe(**recipe | {"seed": 9}), resume=True, quiet=True)
    resumed = train(fruits, tmp_path / "out", make_recipe(**recipe), resume=True, quiet=True)
    assert 0 < steps.count(-1) < straight.steps
    assert resumed.card.scale == pytest.approx(straight.card.scale, rel=1e-3)
    assert resumed.card.wording == pytest.approx(straight.card.wording, rel=1e-3)
    with pytest.raises(ConfigError, match="already holds a classifier"):
        train(fruits, tmp_path / "out", make_recipe(**recipe), quiet=True)


@pytest.mark.parametrize("settings", [{}, {"kind": "cross-encoder", "lora_rank": 2}], ids=["bi", "cross"])
def test_a_quiet_training_prints_nothing(
    settings: dict[str, Any], recipe: dict[str, Any], fruits: list[Pair], tmp_path: Path, capfd: Any
) -> None:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled(), logging.get_verbosity()
    train(fruits, tmp_path / "out", make_recipe(**recipe | {"epochs": 1} | settings), quiet=True)
    assert capfd.readouterr() == ("", "")
    assert (logging.is_progress_bar_enabled(), logging.get_verbosity()) == shown


def test_a_training_that_may_speak_shows_one_bar(
    recipe: dict[str, Any], fruits: list[Pair], tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    moved: list[int] = []
    notes: list[str] = []

    @contextmanager
    def recorded(description: str, total: int) -> Iterator[Any]:
        seen.append((description, total))
        yield lambda steps=1, note="": (moved.append(steps), notes.append(note))

    monkeypatch.setattr(learner, "progress", recorded)
    done = train(fruits, tmp_path / "out", make_recipe(**recipe | {"epochs": 2}))
    assert seen == [("Training", done.steps)]
    assert sum(moved) == done.steps
    assert re.fullmatch(r"loss \d\.\d{3}, AUC [01]\.\d{3}", notes[-1])
    assert "{'loss'" not in "".join(capfd.readouterr())


def test_several_processes_learn_one_model(encoder: str, written: Path, tmp_path: Path) -> None:
    """What `accelerate launch` does on several GPUs, here on the CPU: each process sees half of every step's pairs."""
    torchrun = Path(sys.executable).with_name("torchrun")
    script = ROOT / "tests/helpers/two_processes.py"
    command = [torchrun, "--standalone", "--nproc_per_node=2", script, written, tmp_path / "out", encoder]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    ended = [json.loads((tmp_path / "out" / f"ended-{rank}.json").read_text()) for rank in range(2)]
    assert ended[0] == ended[1]
    assert read_card(tmp_path / "out").calibration is not None


def test_pairs_of_one_label_cannot_be_learned(recipe: dict[str, Any], fruits: list[Pair], tmp_path: Path) -> None:
    same = [pair for pair in fruits if pair.similar]
    with pytest.raises(InputError, match=r"the train pairs \(\d+\) do not have both labels"):
        train(same, tmp_path / "out", make_recipe(**recipe), quiet=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adapter_only": True}, "adapter_only needs lora_rank above 0"),
        ({"validation_share": 0.6, "calibration_share": 0.4}, "leave nothing to train on"),
        ({"kind": "tri-encoder"}, "--kind: Input should be 'bi-encoder' or 'cross-encoder'"),
        ({"learning_rate": 0}, "--learning-rate: Input should be greater than 0"),
    ],
)
def test_a_wrong_recipe_is_said_before_anything_is_loaded(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_recipe(**settings)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "words.json"])
@pytest.mark.parametrize("damage", ["absent", "cut"])
def test_a_damaged_folder_is_one_clear_error(trained: Trained, tmp_path: Path, file: str, damage: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(trained.folder, folder)
    (path,) = folder.glob(f"**/{file}")
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigError, match=r"damaged|cannot be read"):
        load_scorer(str(folder)).logits([("a", "b")])
