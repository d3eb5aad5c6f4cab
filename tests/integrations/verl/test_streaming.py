"""Responses reach the partition service as they are generated, from whatever reward manager sees them."""

import asyncio

import pytest
from hook_batches import group

from darling_plugin.integrations.verl.partitions import choose_backend, service_metrics
from darling_plugin.integrations.verl.streaming import StreamingManager, wrap_managers, written_tokens
from darling_plugin.service.counts import Counts
from darling_plugin.similarity import LexicalSimilarity, build_similarity

ON = ["algorithm.adv_estimator=darling"]
RAY = "++darling.service.backend=ray"
FILTER = ["algorithm.filter_groups.enable=true", "algorithm.filter_groups.metric=any_correct"]


class Listening:
    """Stands where a process finds its job's service, and keeps what is sent."""

    def __init__(self):
        self.sent = []

    def submit(self, uid, text):
        self.sent.append((uid, text))


@pytest.fixture
def send(compose, tokenizer):
    """send(*overrides, response=…, score=…) -> what arrives at the service."""
    import numpy as np
    import torch
    from verl import DataProto
    from verl.trainer.ppo.reward import load_reward_manager

    def run(*overrides, response="a response", score=1.0):
        manager = load_reward_manager(compose(*ON, *overrides), tokenizer)
        manager.compute_score = lambda **given: score
        manager.is_async_reward_score = False
        assert isinstance(manager, StreamingManager)
        if manager._sender is not None:
            manager._sender = Listening()
        prompt, ids = tokenizer("Why?")["input_ids"], [*tokenizer(response)["input_ids"], tokenizer.eos_token_id]
        data = DataProto.from_dict(
            tensors={
                "prompts": torch.tensor([prompt]),
                "responses": torch.tensor([ids + [tokenizer.pad_token_id] * 3]),
                "attention_mask": torch.tensor([[1] * (len(prompt) + len(ids)) + [0] * 3]),
            },
            non_tensors={
                "uid": np.array(["p1"], dtype=object),
                "data_source": np.array(["mine"], dtype=object),
                "reward_model": np.array([{"ground_truth": "42"}], dtype=object),
                "extra_info": np.array([{}], dtype=object),
            },
        )

        async def one():
            result = await manager.run_single(data)
            await asyncio.gather(*manager._sending)
            return result

        result = manager.loop.run_until_complete(one())
        assert result["reward_score"] == score
        run.extra = result["reward_extra_info"]
        return manager._sender.sent if manager._sender else None

    return run


@pytest.mark.parametrize("manager", ["naive", "darling", "dapo"])
def test_every_manager_sends_what_the_hook_will_read(manager, send):
    # As `rollouts.read_rollouts` decodes it: no end token, no padding.
    assert send(RAY, f"reward.reward_manager.name={manager}", response="the text") == [("p1", "the text")]


def test_nothing_is_sent_where_nobody_listens(send):
    assert send("++darling.service.backend=local") is None
    assert send(RAY, "+darling.objective=ngram") is None
    assert send(RAY, "algorithm.adv_estimator=grpo") is None
    assert send(RAY, "algorithm.adv_estimator=grpo", "+darling.monitor=true") == [("p1", "a response")]
    assert send(RAY, "algorithm.adv_estimator=grpo", "+darling.reward=true") == [("p1", "a response")]


def test_among_correct_ones_a_wrong_response_is_no_sibling(send):
    among = [RAY, "+darling.diversity.scope=correct"]
    assert send(*among, score=1.0) == [("p1", "a response")]
    assert send(*among, score=0.0) == []


@pytest.mark.parametrize("manager", ["naive", "darling", "dapo"])
def test_every_manager_writes_the_metric_of_dapos_filter(manager, send):
    def metric(response, score):
        send(f"reward.reward_manager.name={manager}", *FILTER, response=response, score=score)
        return send.extra["any_correct"]

    assert metric("one", 0.0) == metric("another", 0.0) == 0.0
    assert 1.0 <= metric("one", 1.0) < 2.0
    assert metric("one", 1.0) == metric("one", 1.0) != metric("another", 1.0)
    send(f"reward.reward_manager.name={manager}")
    assert "any_correct" not in send.extra  # only where a job's filter reads it


def test_wrapping_twice_changes_nothing(verl):
    from verl.experimental.reward_loop.reward_manager.registry import REWARD_MANAGER

    before = dict(REWARD_MANAGER)
    wrap_managers()
    assert before == REWARD_MANAGER and before["naive"].__mro__.count(StreamingManager) == 1


def test_auto_is_ray_for_models_and_nothing_for_words_in_common():
    from darling_plugin.config import ServiceSettings

    assert choose_backend(ServiceSettings(), LexicalSimilarity()) is None
    assert choose_backend(ServiceSettings(), build_similarity("classifier")) == "ray"
    assert choose_backend(ServiceSettings(urls=["http://host:1"]), build_similarity("classifier")) == "urls"
    assert choose_backend(ServiceSettings(backend="local"), LexicalSimilarity()) is None
    assert choose_backend(ServiceSettings(backend="ray"), LexicalSimilarity()) == "ray"


def test_the_hidden_share_is_what_the_trainer_did_not_wait_for():
    assert service_metrics(Counts(busy_seconds=4.0), waited_s=1.0)["darling/service/hidden_share"] == 0.75
    assert service_metrics(Counts(busy_seconds=4.0), waited_s=9.0)["darling/service/hidden_share"] == 0.0
    assert service_metrics(Counts(), waited_s=1.0)["darling/service/hidden_share"] == 1.0


def test_the_hook_uses_the_service_and_reports_it(make_trainer, compute):
    """In this process, with the shipped classifier: x is said in two ways, y is something else."""
    trainer = make_trainer("+darling.similarity.name=classifier")
    same = (
        "Grill the mackerel over charcoal for four minutes a side, then dress it with lemon, parsley and coarse salt."
    )
    again = "Over charcoal, grill the mackerel four minutes a side; then dress it with coarse salt, parsley and lemon."
    other = (
        "The quarterly tax return must be filed by the thirtieth, with form 941 and a copy of every pay slip attached."
    )
    # Three siblings: d = 1/2 for the two that are alike, 1 for the other.
    assert compute(trainer, group("a", (same, 1.0), (again, 1.0), (other, 1.0))).rewards == [0.5, 0.5, 1.0]
    counts = trainer._service.counts()
    assert (counts.read, counts.failures) == (3, 0)


def test_a_validation_pauses_the_service(make_trainer):
    trainer = make_trainer("+darling.similarity.name=classifier")
    service = trainer._service
    trainer.on_validate_begin()
    service.submit("p", "a response of the validation")
    trainer.on_validate_end()
    service.submit("p", "a response of the training")
    assert service._run(_arrived(service)) == 1


async def _arrived(service):
    return service._counts.arrived


def test_only_what_the_policy_wrote_is_read():
    import numpy as np
    import torch
    from verl import DataProto

    def final(turns, **more):
        tensors = {"responses": torch.tensor([[5, 6, 7, 0]]), "attention_mask": torch.tensor([[1, 1, 1, 1, 0]])}
        return DataProto.from_dict(tensors=tensors | more, non_tensors={"__num_turns__": np.array([turns])})[0]

    assert written_tokens(final(2)).tolist() == [5, 6, 7]
    assert written_tokens(final(4)) is None  # a tool wrote some of it: it is read when the mask is known
    mask = torch.tensor([[1, 0, 1, 0]])
    assert written_tokens(final(4, response_mask=mask)).tolist() == [5, 7]


def test_many_truncated_responses_are_a_figure_and_a_warning(caplog):
    metrics = service_metrics(Counts(texts=10, truncated=5), 0.0)
    assert metrics["darling/service/truncated_share"] == 0.5
    assert "50 % of the responses are longer" in caplog.text and "darling.similarity.text" in caplog.text
    caplog.clear()
    assert service_metrics(Counts(texts=10, truncated=1), 0.0)["darling/service/truncated_share"] == 0.1
    assert not caplog.records
