"""What is kept beside verl's checkpoints. verl's own code saves and loads; no worker holds weights here."""

from types import SimpleNamespace

import pytest
from hook_batches import group

LEXICAL = ["+darling.similarity.name=lexical"]
CLASSIFIER = ["+darling.similarity.name=classifier"]


@pytest.fixture
def resumable(make_trainer):
    """Trainers whose workers and data have nothing to save."""

    def nothing(*args, **settings):
        pass

    def make(*overrides):
        trainer = make_trainer(*overrides)
        trainer.trainer_mode = "sync"
        trainer.use_critic = False
        trainer.actor_rollout_wg = SimpleNamespace(save_checkpoint=nothing, load_checkpoint=nothing)
        trainer.train_dataloader = SimpleNamespace(state_dict=dict, load_state_dict=nothing)
        trainer.checkpoint_callback = SimpleNamespace(on_save=nothing)
        return trainer

    return make


def test_a_shift_outlives_a_restart(resumable, compute):
    first = resumable(*LEXICAL)
    compute(first, group("a", ("x", -1.0), ("y", -2.0)))  # negative: from now on −2 is subtracted
    first._save_checkpoint()
    second = resumable(*LEXICAL)
    second._load_checkpoint()
    assert second.global_steps == 2
    # 1 − (−2) and 3 − (−2); without the memory of step 2 they would stay 1 and 3.
    assert compute(second, group("a", ("x", 1.0), ("y", 3.0))).rewards == [3.0, 5.0]


def test_a_shift_that_is_chosen_now_is_not_overruled(resumable, compute):
    first = resumable(*LEXICAL)
    compute(first, group("a", ("x", -1.0), ("y", -2.0)))
    first._save_checkpoint()
    second = resumable(*LEXICAL, "+darling.fusion.shift=none")
    second._load_checkpoint()
    assert compute(second, group("a", ("x", 1.0), ("y", 3.0))).rewards == [1.0, 3.0]


def test_the_similarity_is_asked_nothing_twice(resumable, compute):
    texts = group("a", ("a red fox runs home", 1.0), ("a blue whale sings at night", 1.0))
    first = resumable(*CLASSIFIER)
    expected = compute(first, texts).advantages
    assert first._service.counts().read == 2  # a bi-encoder: each response once
    first._save_checkpoint()
    second = resumable(*CLASSIFIER)
    second._load_checkpoint()
    assert compute(second, texts).advantages == expected
    assert second._service.counts().read == 0


def test_a_run_without_a_checkpoint_begins_at_the_beginning(resumable):
    trainer = resumable(*CLASSIFIER)
    trainer._load_checkpoint()
    assert trainer.global_steps == 0


def test_a_checkpoint_of_verls_own_is_taken(resumable, tmp_path):
    resumable(*CLASSIFIER)._save_checkpoint()
    (tmp_path / "global_step_2" / "darling.json").unlink()
    (tmp_path / "darling_memory.npz").unlink()
    trainer = resumable(*CLASSIFIER)
    trainer._load_checkpoint()
    assert trainer.global_steps == 2


def test_each_start_logs_into_a_file_of_its_own(make_trainer, tmp_path, monkeypatch):
    from darling_plugin.tools.report.metrics import read_metrics

    # An earlier start of the same job, which logged three steps and saved the first two.
    (tmp_path / "metrics").mkdir()
    earlier = tmp_path / "metrics" / "20200101T000000Z.jsonl"
    earlier.write_text("".join(f'{{"step": {step}, "data": {{"a": {step}}}}}\n' for step in (1, 2, 3)))
    monkeypatch.setenv("VERL_FILE_LOGGER_PATH", "")  # so that it is put back at the end
    monkeypatch.delenv("VERL_FILE_LOGGER_PATH")
    make_trainer(*LEXICAL, "trainer.logger=[console,file]")

    from verl.utils.tracking import FileLogger

    logger = FileLogger("project", "experiment")
    logger.log({"a": 30}, step=3)
    logger.finish()
    assert read_metrics(tmp_path) == [{"step": 1, "a": 1}, {"step": 2, "a": 2}, {"step": 3, "a": 30}]


def test_a_file_that_the_user_named_is_kept(make_trainer, tmp_path, monkeypatch):
    monkeypatch.setenv("VERL_FILE_LOGGER_PATH", "mine.jsonl")
    make_trainer(*LEXICAL, "trainer.logger=[console,file]")
    assert not (tmp_path / "metrics").exists()
