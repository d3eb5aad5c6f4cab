"""What a step logs."""

import pytest
from hook_batches import group


@pytest.fixture
def log_step(verl):
    """log_step(trainer, batches) -> the metrics of verl's own `_compute_metrics` for a step of four seconds."""
    from transfer_queue import KVBatchMeta
    from verl.single_controller.ray import ResourcePoolManager

    def log(trainer, *batches):
        trainer.resource_pool_manager = ResourcePoolManager(resource_pool_spec={"pool": [1]}, mapping={})
        combined = KVBatchMeta(
            keys=[key for batch in batches for key in batch.keys],
            tags=[tag for batch in batches for tag in batch.tags],
            partition_id="train",
        )
        metrics = {}
        trainer._compute_metrics(combined, metrics, {"step": 4.0, "gen": 1.0}, global_steps=2, epoch=0)
        return metrics

    return log


ONLY_QUALITY = ("quality/mean", "quality_only", "seconds", "wait_seconds", "step_share")


def test_a_step_of_two_mini_batches(make_trainer, compute, log_step):
    import hook_similarities

    hook_similarities.asked.clear()
    trainer = make_trainer(
        "+darling.similarity.name=callable", "+darling.similarity.function=hook_similarities:same_text"
    )
    # a: classes {x, x}, {y}, {z}: d = 2/3, 2/3, 1, 1; r = 2/3, 2/3, 1, 0. b: one class: d = r = 0.1 each.
    # c: alone: d = 1, r = 0.
    first = compute(trainer, group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0), ("z", 0.0)))
    second = compute(trainer, group("b", ("p", 1.0), ("p", 1.0), ("p", 1.0)) + group("c", ("q", 0.0)))
    metrics = log_step(trainer, first.batch, second.batch)

    expected = {
        "quality/mean": 6 / 8,
        "diversity/mean": (2 / 3 + 2 / 3 + 1 + 1 + 0.3 + 1) / 8,
        "reward/mean": (2 / 3 + 2 / 3 + 1 + 0 + 0.3 + 0) / 8,
        "classes/mean": 5 / 3,
        "classes/min": 1,
        "classes/max": 3,
        "groups/all_one_class": 1 / 2,  # b, of a and b: c has nothing to compare
        "groups/all_distinct": 0,
        "groups/all_correct": 1 / 3,
        "groups/all_wrong": 1 / 3,
        "groups/mixed": 1 / 3,
        "pairs/scored": len(hook_similarities.asked),
        "pairs/skipped": 6 + 3 - len(hook_similarities.asked),
        "quality_only": 0,
        "step_share": metrics["darling/wait_seconds"] / 4,
    }
    assert {name: metrics[f"darling/{name}"] for name in expected} == pytest.approx(expected)
    assert metrics["darling/pairs/rounds"] >= 1
    assert metrics["darling/seconds"] > 0
    # verl's own score is pure quality, whatever the estimator.
    assert metrics["critic/score/mean"] == pytest.approx(expected["quality/mean"])

    # The next step starts from nothing.
    assert not [name for name in log_step(trainer, first.batch) if name.startswith("darling/")]


def test_a_step_in_which_the_similarity_failed_once(make_trainer, compute, log_step):
    trainer = make_trainer(
        "+darling.similarity.name=callable",
        "+darling.similarity.function=hook_similarities:failing",
        "+darling.on_failure=quality_only",
    )
    batch = compute(trainer, group("a", ("x", 1.0), ("x", 0.0))).batch
    metrics = log_step(trainer, batch)
    mine = {name: value for name, value in metrics.items() if name.startswith("darling/")}
    assert mine.keys() == {f"darling/{name}" for name in ONLY_QUALITY}
    assert mine["darling/quality/mean"] == 0.5
    assert mine["darling/quality_only"] == 1.0


def test_another_estimator_logs_nothing_of_ours(make_trainer, compute, log_step):
    trainer = make_trainer(estimator="grpo")
    batch = compute(trainer, group("a", ("x", 1.0), ("x", 0.0))).batch
    assert not [name for name in log_step(trainer, batch) if name.startswith("darling/")]
