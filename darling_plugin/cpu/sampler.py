"""verl's replay buffer, asked more often.

verl 0.9.1 looks every two seconds whether a step's rollouts are there. On a CPU with a tiny model, where a whole step
takes a few seconds, that is a good part of it. Chosen with `trainer.v1.sampler.custom_sampler`, verl's own hook; a
custom sampler gets no `algorithm.filter_groups`, so leave it out where groups are filtered.
"""

from typing import Any

from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer

POLL_SECONDS = 0.1


class QuickReplayBuffer(ReplayBuffer):
    """For `trainer.v1.trainer_mode=sync`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, poll_interval=POLL_SECONDS)
