"""Rewards and advantages, read back from TransferQueue. A one-letter text is equivalent to its copies only."""

from dataclasses import replace

import pytest
from hook_batches import Output, group

MODES = {
    "sync": [],
    "colocate_async": [],
    "separate_async": [
        "actor_rollout_ref.rollout.nnodes=1",
        "actor_rollout_ref.rollout.checkpoint_engine.backend=nccl",
        "actor_rollout_ref.actor.ppo_mini_batch_size=256",  # a quarter of the batch, for parameter_sync_step=4
    ],
}


def test_every_mode_of_verl_has_the_hook_once(verl):
    from verl.trainer.ppo.v1 import get_trainer_cls
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    from darling_plugin.integrations.verl.trainer import DarlingTrainer, wrap_trainers

    assert set(MODES) <= set(TRAINER_REGISTRY)
    before = dict(TRAINER_REGISTRY)
    wrap_trainers()
    assert before == TRAINER_REGISTRY
    for mode in TRAINER_REGISTRY:
        assert [cls for cls in get_trainer_cls(mode).__mro__ if cls is DarlingTrainer] == [DarlingTrainer]


@pytest.mark.parametrize("mode", MODES)
def test_quality_times_diversity_minus_the_mean_of_the_group(mode, make_trainer, compute):
    # a: classes {x, x}, {y}, {z}: d = 2/3, 2/3, 1, 1; r = 2/3, 2/3, 1, 0; mean 7/12.
    # b: one class of two: d = the floor; r = 0.1, 0; mean 0.05. Rows of both in between each other.
    a = group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0), ("z", 0.0))
    b = group("b", ("word", 1.0), ("word", 0.0))
    got = compute(make_trainer(*MODES[mode], mode=mode), [a[3], b[0], a[1], a[0], b[1], a[2]])

    assert got.rewards == pytest.approx([0, 0.1, 2 / 3, 2 / 3, 0, 1])
    assert got.values == pytest.approx([-7 / 12, 0.05, 1 / 12, 1 / 12, -0.05, 5 / 12])
    assert got.returns == got.advantages
    # One value per token of the response, its end token included.
    assert [len(row) for row in got.advantages] == [2, 5, 2, 2, 5, 2]


def test_tokens_that_a_tool_wrote_get_no_advantage(make_trainer, compute):
    # d = 1 for both: r = 1, 0; A = 0.5, −0.5. "xyz" has three tokens and an end; the tool wrote the first two.
    got = compute(make_trainer(), [Output("xyz", 1.0, by_tool=2), Output("w", 0.0, session=1)])
    assert got.advantages == [[0, 0, 0.5, 0.5], [-0.5, -0.5]]


def test_groups_need_not_be_of_equal_size(make_trainer, compute):
    # a: session 1 failed and is not there. {x}, {y}: d = 1, 1; r = 1, 0; A = ±0.5.
    # b: a response without siblings is as distinct as can be, and its advantage is 0.
    a = group("a", ("x", 1.0), ("gone", 1.0), ("y", 0.0))
    got = compute(make_trainer(), [a[0], a[2], *group("b", ("x", 1.0))])
    assert got.rewards == [1.0, 0.0, 1.0]
    assert got.values == [0.5, -0.5, 0.0]


def test_the_order_of_rows_changes_nothing(make_trainer, compute):
    outputs = group("a", ("x", 1.0), ("y", 0.5), ("x", 0.0), ("z", 1.0)) + group("b", ("x", 1.0), ("x", 1.0))
    trainer = make_trainer()
    there, back = compute(trainer, outputs), compute(trainer, outputs[::-1])
    assert there.rewards == back.rewards[::-1]
    assert there.values == pytest.approx(back.values[::-1])


def test_of_a_session_with_several_outputs_the_last_one_counts(make_trainer, compute):
    # Last outputs: x, x, y, all of quality 1: d = 1/2, 1/2, 1; r the same; mean 2/3; A = −1/6, −1/6, 1/3. Session 2's
    # first output says x: counted, it would change every number. Rows are in no order.
    rows = [
        Output("other", 1.0, session=0, index=0),
        Output("y", 1.0, session=2, index=1),
        Output("x", 1.0, session=0, index=2),
        Output("x", 1.0, session=1, index=0),
        Output("more", 1.0, session=0, index=1),
        Output("x", 1.0, session=2, index=0),
    ]
    got = compute(make_trainer(), rows)
    assert got.rewards == [0.5, 1, 0.5, 0.5, 0.5, 1]
    assert got.values == pytest.approx([-1 / 6, 1 / 3, -1 / 6, -1 / 6, -1 / 6, 1 / 3])

    # verl's own GRPO, given these rewards, gives these advantages.
    grpo = make_trainer("algorithm.norm_adv_by_std_in_grpo=false", estimator="grpo", raw=True)
    fused = [replace(row, score=reward) for row, reward in zip(rows, got.rewards, strict=True)]
    assert compute(grpo, fused).values == pytest.approx(got.values)


def test_ten_outputs_of_a_session_are_ordered_as_numbers(make_trainer, compute):
    # "9" > "10" as text. The last outputs are x and y: d = 1 for both, A = ±0.5.
    rows = [Output("y" if index < 10 else "x", 1.0, index=index) for index in range(11)]
    got = compute(make_trainer(), [*rows, Output("y", 0.0, session=1)])
    assert got.rewards == [1.0] * 11 + [0.0]
    assert got.values == [0.5] * 11 + [-0.5]


def test_padding_rows_are_in_no_group(make_trainer, put, compute, tokenizer):
    from verl.trainer.ppo.padding_utils import upsample_batch_to_divisible_size

    from darling_plugin.integrations.verl.rollouts import read_rows

    # d = 1/2, 1/2, 1; r = 1/2, 1/2, 1; mean 2/3. Two rows are added to make five.
    outputs = group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0))
    padded = upsample_batch_to_divisible_size(put(outputs), 5, tokenizer.eos_token_id)
    trainer = make_trainer()
    got = compute(trainer, padded)

    assert got.rewards == [0.5, 0.5, 1, 0, 0]
    assert got.values == pytest.approx([-1 / 6, -1 / 6, 1 / 3, 0, 0])
    metrics = trainer._step.metrics()
    assert metrics["darling/quality/mean"] == 1.0
    assert metrics["darling/diversity/mean"] == pytest.approx(2 / 3)
    assert metrics["darling/classes/mean"] == 2.0
    assert metrics["darling/pairs/skipped"] == 2.0  # x and its copy by form; one of the two pairs of x and y is both
    assert read_rows(padded, tokenizer).responses == ["x", "x", "y"]


def test_kl_in_the_reward_comes_off_the_fused_reward(make_trainer, put, put_tokens, compute, read):
    # d = 1/2, 1/2, 1. KL per token = −0.5 − (−0.7) = 0.2, times kl_coef 0.1: 0.02 off each token. With 2, 2 and 4
    # tokens: 0.5 − 0.04, 0 − 0.04, 1 − 0.08 = 0.46, −0.04, 0.92; mean 1.34/3.
    batch = put(group("a", ("x", 1.0), ("x", 0.0), ("yyy", 1.0)))
    put_tokens(batch, "ref_log_prob", -0.7)
    kl = ["algorithm.use_kl_in_reward=true", "algorithm.kl_penalty=kl", "algorithm.kl_ctrl.kl_coef=0.1"]
    got = compute(make_trainer(*kl), batch)

    assert got.rewards == [0.5, 0, 1]
    rewards = read(batch, "token_level_rewards")
    assert [value for row in rewards for value in row] == pytest.approx(
        [-0.02, 0.98, -0.02, -0.02, -0.02, -0.02, -0.02, 0.98], abs=1e-6
    )
    mean = 1.34 / 3
    assert got.values == pytest.approx([0.46 - mean, -0.04 - mean, 0.92 - mean], abs=1e-6)

    grpo = make_trainer(*kl, "algorithm.norm_adv_by_std_in_grpo=false", estimator="grpo", raw=True)
    fused = put(group("a", ("x", 0.5), ("x", 0.0), ("yyy", 1.0)))
    put_tokens(fused, "ref_log_prob", -0.7)
    assert compute(grpo, fused).values == pytest.approx(got.values, abs=1e-6)


def test_normalize_by_std_is_verls_grpo_on_the_fused_rewards(make_trainer, compute):
    outputs = group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0), ("z", 0.0))
    got = compute(make_trainer("+darling.advantage.normalize_by_std=true"), outputs)
    grpo = make_trainer("algorithm.norm_adv_by_std_in_grpo=true", estimator="grpo", raw=True)
    fused = [replace(row, score=reward) for row, reward in zip(outputs, got.rewards, strict=True)]
    assert got.values == pytest.approx(compute(grpo, fused).values, rel=1e-5)


@pytest.mark.parametrize("monitor", [False, True])
def test_another_estimator_trains_as_without_the_plugin(monitor, make_trainer, compute):
    outputs = group("a", ("x", 1.0), ("x", 0.25), ("y", 1.0), ("z", -3.0)) + group("b", ("x", 1.0), ("x", 1.0))
    with_verl = compute(make_trainer(estimator="grpo", raw=True), outputs)
    trainer = make_trainer(*(["+darling.monitor=true"] if monitor else []), estimator="grpo")
    with_plugin = compute(trainer, outputs)
    assert with_plugin.rm_scores == with_verl.rm_scores
    assert with_plugin.advantages == with_verl.advantages
    assert with_plugin.returns == with_verl.returns
    assert hasattr(trainer, "_step") == monitor
    if monitor:
        logged = trainer._step.metrics()
        assert logged["darling/classes/mean"] == 2.0  # {x, x}, {y}, {z} and {x, x}


def test_only_correct_responses_are_compared(make_trainer, compute):
    # Correct: x, x, y: d = 1/2, 1/2, 1. The wrong one gets the floor: r = 0.
    got = compute(
        make_trainer("+darling.diversity.scope=correct"), group("a", ("x", 1.0), ("x", 1.0), ("y", 1.0), ("y", 0.0))
    )
    assert got.rewards == [0.5, 0.5, 1.0, 0.0]
    assert got.values == [0.0, 0.0, 0.5, -0.5]


def test_ngram_diversity_needs_no_similarity(make_trainer, compute):
    # Bigrams: {the cat, cat sat}, {the cat, cat ran}, {a dog}: own share 1/2, 1/2, 1; mean 2/3.
    trainer = make_trainer("+darling.objective=ngram", "+darling.diversity.ngram=2")
    got = compute(trainer, group("a", ("the cat sat", 1.0), ("the cat ran", 1.0), ("a dog", 1.0)))
    assert got.rewards == [0.5, 0.5, 1.0]
    assert got.values == pytest.approx([-1 / 6, -1 / 6, 1 / 3])
    assert "darling/classes/mean" not in trainer._step.metrics()


def test_additive_fusion(make_trainer, compute):
    # d = 1/2, 1/2, 1, so q + 0.4 · d = 1.2, 0.2, 0.4; mean 0.6.
    trainer = make_trainer("+darling.fusion.mode=additive", "+darling.fusion.weight=0.4")
    got = compute(trainer, group("a", ("x", 1.0), ("x", 0.0), ("y", 0.0)))
    assert got.rewards == pytest.approx([1.2, 0.2, 0.4])
    assert got.values == pytest.approx([0.6, -0.4, -0.2])


def test_a_similarity_of_ones_own_and_its_threshold(make_trainer, compute):
    # The similarity says 0 for x and y, which is not above 0: two classes, d = 1, 1. It sees short texts too.
    import hook_similarities

    hook_similarities.asked.clear()
    trainer = make_trainer(
        "+darling.similarity.name=callable",
        "+darling.similarity.function=hook_similarities:same_text",
        "+darling.similarity.threshold=0",
    )
    got = compute(trainer, group("a", ("x", 1.0), ("y", 0.0)))
    assert hook_similarities.asked == [("x", "y")]
    assert got.rewards == [1.0, 0.0]


def test_the_estimator_outside_the_hook_is_an_error(make_trainer, compute):
    from darling_plugin.errors import DarlingError

    with pytest.raises(DarlingError, match=r"wrap_trainers\(\)"):
        compute(make_trainer(raw=True), group("a", ("x", 1.0), ("y", 0.0)))


def test_the_work_starts_with_the_old_log_probabilities(make_trainer, put, compute):
    # In bypass mode verl's `_compute_old_log_prob` asks no worker: it copies what the rollout engine said.
    import hook_similarities

    judged = ["+darling.similarity.name=callable", "+darling.similarity.function=hook_similarities:same_text"]
    trainer = make_trainer(*judged, "algorithm.rollout_correction.bypass_mode=true")
    outputs = group("a", ("x", 1.0), ("x", 1.0), ("y", 0.0))
    first, second = put(outputs), put(outputs)

    hook_similarities.asked.clear()
    trainer._compute_old_log_prob(first, {})
    trainer._prepared.work.result()
    asked = list(hook_similarities.asked)
    assert asked
    ahead = compute(trainer, first)
    assert hook_similarities.asked == asked  # nothing was asked again
    assert trainer._prepared is None

    # What was prepared for one batch is not used for another.
    trainer._compute_old_log_prob(first, {})
    other = compute(trainer, second)
    parts = trainer._step._metrics._results
    assert parts[-1].uid[0].startswith("a-") and parts[-1].uid[0] != parts[0].uid[0]
    assert ahead.values == other.values
