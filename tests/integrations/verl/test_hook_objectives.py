"""Every objective through verl's trainer: its advantages are those of the step on the same responses."""

import numpy as np
import pytest
from hook_batches import group

from darling_plugin.config import parse_settings
from darling_plugin.objectives import OBJECTIVES
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import Step

ANSWERS = "hook_similarities:last_words"
OUTPUTS = [
    *group("a", ("a red fox runs home", 1.0), ("the fox is red", 1.0), ("a red fox runs home", 1.0), prompt="Write."),
    *group(
        "b",
        ("seven", 1.0),
        ("it is seven", 0.0),
        ("maybe five", 0.0),
        ("seven", 1.0),
        ("a dozen and no more", 0.0),
        ("nobody knows", 0.0),
        prompt="Three plus four?",
    ),  # more than the four of a set
]
LOGPROBS = [-0.5, -1.5, -0.25, -0.125, -2.0, -1.0, -0.75, -0.375, -3.0]  # of every token of a response


@pytest.fixture
def put_logprobs(transfer_queue, read):
    """put_logprobs(batch, values): values[i] for each response token of row i, as the actor writes them."""
    import torch
    from tensordict import TensorDict

    def write(batch, values):
        lengths = [len(row) for row in read(batch, "response_mask")]
        rows = [torch.full((length,), value) for length, value in zip(lengths, values, strict=True)]
        fields = TensorDict(
            {"old_log_probs": torch.nested.as_nested_tensor(rows, layout=torch.jagged)}, batch_size=len(rows)
        )
        transfer_queue.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)

    return write


@pytest.mark.parametrize("name", OBJECTIVES)
def test_verls_advantages_are_the_steps(name, make_trainer, put, put_logprobs, read, tokenizer):
    from darling_plugin.integrations.verl.rollouts import hash_tokens

    trainer = make_trainer(f"+darling.objective={name}", f"+darling.quality.answer={ANSWERS}")
    step = Step(parse_settings({"objective": name, "quality": {"answer": ANSWERS}}))
    order = [4, 0, 8, 6, 2, 7, 1, 5, 3]  # the rows of both groups in between each other
    for _ in range(2):  # the second time answers have been seen before, under another uid
        batch = put([OUTPUTS[i] for i in order])
        put_logprobs(batch, [LOGPROBS[i] for i in order])
        trainer._compute_advantage(batch, {})
        got = [row[0] for row in read(batch, "advantages")]
        expected = step(
            Rollouts(
                [OUTPUTS[i].text for i in order],
                [OUTPUTS[i].uid for i in order],
                [OUTPUTS[i].score for i in order],
                [hash_tokens(tokenizer(OUTPUTS[i].prompt)["input_ids"]) for i in order],
                [LOGPROBS[i] for i in order],
            )
        )
        np.testing.assert_allclose(
            got, expected.advantages, rtol=0, atol=1e-6 * max(1, np.abs(expected.advantages).max())
        )
        assert np.abs(got).max() > 0
    assert trainer._step.state_dict() == step.state_dict()
