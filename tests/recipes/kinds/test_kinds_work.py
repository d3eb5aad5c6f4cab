import pytest
from rich.console import Console

from recipes.countdown.experiment.loop import OutOfTime
from recipes.kinds.experiment import work as working
from recipes.kinds.experiment.plan import Arm
from recipes.kinds.experiment.prepare import Start
from recipes.kinds.experiment.settings import Run

QUIET = Console(quiet=True)
RUN = Run(steps=2, evaluate_every=2, step_prompts=2, n=4, trained=1, samples=16)


@pytest.fixture
def place(tiny, tiny_llama, tmp_path, monkeypatch):
    """A place whose whole plan is one tiny run."""
    monkeypatch.setattr(working, "plan", lambda results: [Arm("main", "darling", (RUN,))])
    monkeypatch.setattr(working, "prepare", lambda run, shared: Start(tiny_llama, "digest", None))
    return working.Place(tmp_path / "out")


def test_a_run_is_done_once_and_its_state_is_gone(place):
    assert working.work(place, [], QUIET) == 1
    assert working.work(place, [], QUIET) == 0
    result = place.ledger.results()[RUN.id]
    assert [evaluation.step for evaluation in result.evaluations] == [0, 2] and result.policy == "digest"
    assert 0 <= result.mean("pass@1") <= 1 and not place.work(RUN).exists()


def test_a_deadline_leaves_a_state_from_which_the_next_call_continues(place):
    with pytest.raises(OutOfTime):
        working.execute(RUN, place, QUIET, deadline=0.0)
    assert place.work(RUN).is_dir() and not place.ledger.finished()
    assert working.work(place, [], QUIET) == 1


def test_patterns_choose_arms(place):
    assert working.todo(place.ledger, ["main/*"]) == [RUN]
    assert working.todo(place.ledger, ["tuning/*"]) == []


def test_a_policy_that_was_trained_elsewhere_is_recorded(place, tiny_llama):
    working.record(RUN, tiny_llama, place, seconds=5.0)
    result = place.ledger.results()[RUN.id]
    assert result.seconds == 5.0 and [evaluation.step for evaluation in result.evaluations] == [2]
