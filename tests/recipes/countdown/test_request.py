"""What follows from a request: the command line that verl gets, and the folders."""

from pathlib import Path

import pytest

from darling_plugin.countdown.data import Prepared
from recipes.countdown.learned_similarity import LearnedSimilarity
from recipes.countdown.request import Estimator, Request, SimilarityChoice

DATA = Prepared(Path("train"), Path("val"), Path("test"), Path("manifest"), reused=True)
POLICY = Path("policy")


def test_the_similarity_goes_to_verl_and_the_user_has_the_last_word():
    learned = LearnedSimilarity(Path("/similarities/one"), pairs=1, seconds=0.0, reused=True)
    request = Request(steps=2, overrides=("darling.similarity.threshold=0.9",))
    line = request.command(DATA, POLICY, learned)
    assert line[-5:] == [*learned.overrides, "darling.similarity.threshold=0.9"]
    assert "darling.similarity.model=/similarities/one" in line
    assert not any("similarity" in word for word in Request().command(DATA, POLICY))


def test_grpo_is_monitored_and_not_normalised_by_the_standard_deviation():
    darling, grpo = (Request(estimator=each).command(DATA, POLICY) for each in Estimator)
    assert "algorithm.adv_estimator=darling" in darling and "darling.monitor=false" in darling
    assert {"algorithm.adv_estimator=grpo", "darling.monitor=true", "algorithm.norm_adv_by_std_in_grpo=false"} <= {
        *grpo
    }


def test_steps_are_trained_saved_and_found_again():
    request = Request(steps=7, output=Path("/out"))
    line = request.command(DATA, POLICY)
    assert {"trainer.total_training_steps=7", "trainer.save_freq=7"} <= {*line}
    assert "trainer.default_local_dir=/out/quickstart/checkpoints" in line
    assert request.trained == Path("/out/quickstart/checkpoints/global_step_7/actor/huggingface")


@pytest.mark.parametrize(
    ("estimator", "similarity", "name", "title"),
    [
        ("darling", "symbolic", "quickstart", "Countdown, 34 steps of DARLING"),
        ("grpo", "symbolic", "quickstart-grpo", "Countdown, 34 steps of GRPO"),
        ("darling", "learned", "quickstart-learned", "Countdown, 34 steps of DARLING with a learned similarity"),
        ("grpo", "learned", "quickstart-grpo-learned", "Countdown, 34 steps of GRPO with a learned similarity"),
    ],
)
def test_each_kind_of_run_has_a_folder_of_its_own_and_shares_the_rest(estimator, similarity, name, title):
    request = Request(Estimator(estimator), SimilarityChoice(similarity), output=Path("/out"))
    assert (request.folder, request.shared, request.title) == (Path("/out") / name, Path("/out/countdown"), title)
