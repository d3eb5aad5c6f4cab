"""Batches as an agent loop would leave them, and what the trainer hook makes of them."""

from dataclasses import dataclass
from typing import Any

END = "<eos>"


@dataclass
class Output:
    """One output of an agent loop; an end-of-sequence token is added to `text`."""

    text: str
    score: float = 0.0
    uid: str = "a"
    session: int = 0
    index: int = 0
    by_tool: int = 0
    """How many of the first tokens the policy did not write (mask 0)."""
    prompt: str = "Say something."


def group(uid: str, *responses: tuple[str, float], prompt: str = "Say something.") -> list[Output]:
    """The sessions 0, 1, … of a prompt: texts and their scores."""
    return [Output(text, score, uid, session, prompt=prompt) for session, (text, score) in enumerate(responses)]


@dataclass
class Computed:
    """After `_compute_advantage`: each row's fused reward, and what TransferQueue holds, one list of tokens per row."""

    batch: Any
    rewards: list[float]
    rm_scores: list[list[float]]
    advantages: list[list[float]]
    returns: list[list[float]]

    @property
    def values(self) -> list[float]:
        """Each row's advantage: all its tokens have the same."""
        assert all(token == row[-1] for row in self.advantages for token in row)
        return [row[-1] for row in self.advantages]
