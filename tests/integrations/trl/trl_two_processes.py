"""Run by torchrun in two processes: train on groups of four, six rows a process, so that the middle group is cut.

python trl_two_processes.py FOLDER reward|negative|fails|trainer: `negative` quality in the second process only, a
similarity that `fails` in the second process only.
"""

import json
import sys
from pathlib import Path

import trl_tiny as tiny
from accelerate import PartialState
from trl import GRPOTrainer

from darling_plugin.integrations.trl import DarlingGRPOTrainer, DarlingReward
from darling_plugin.similarity import LexicalSimilarity

folder = Path(sys.argv[1])


def below_in_the_second(completions, target, **_):
    lowered = 2.0 if PartialState().process_index == 1 else 0.0
    return [score - lowered for score in tiny.good(completions, target)]


class Counting(LexicalSimilarity):
    """The words in common, and the pairs that this process was given."""

    def __init__(self, fails: bool = False):
        super().__init__()
        self.pairs, self.fails = 0, fails

    def __call__(self, pairs):
        self.pairs += len(pairs)
        if self.fails and PartialState().process_index == 1:
            raise RuntimeError("no such model")
        return super().__call__(pairs)


RULE = {"similarity": {"short_text_rule": False, "threshold": 0.4}}
for case in sys.argv[2:]:
    args = tiny.arguments(
        folder / case,
        per_device_train_batch_size=3,
        gradient_accumulation_steps=2,
        num_generations=4,
        ddp_backend="gloo",
    )
    similarity = Counting(fails=case == "fails")
    if case == "trainer":
        trainer = tiny.train(DarlingGRPOTrainer, args, tiny.good, darling=RULE, similarity=similarity)
    else:
        quality = below_in_the_second if case == "negative" else tiny.good
        node = RULE | ({"on_failure": "quality_only"} if case == "fails" else {})
        reward = DarlingReward(quality, args, darling=node, similarity=similarity)
        trainer = tiny.train(GRPOTrainer, args, reward)
    logged = [row for row in trainer.state.log_history if "reward" in row]
    rank = PartialState().process_index
    (folder / case / f"ended-{rank}.json").write_text(json.dumps({"pairs": similarity.pairs, "logged": logged}))
