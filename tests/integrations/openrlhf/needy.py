"""An objective of a user's own that needs what only some trainers have, and remembers what it saw."""

from collections import Counter
from typing import Any, ClassVar

from darling_plugin.objectives import Batch, Objective, Scored


class Needy(Objective):
    """Rewards are quality; advantages are log-probabilities, plus how often the prompt was seen before."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "prompts"})
    centered = False

    def __init__(self) -> None:
        self.seen: Counter[Any] = Counter()

    def score(self, batch: Batch) -> Scored:
        assert batch.logprobs is not None and batch.prompts is not None
        before = [self.seen[prompt] for prompt in batch.prompts]
        self.seen.update(batch.prompts)
        return Scored(batch.quality, batch.logprobs + before)

    def state_dict(self) -> dict[str, Any]:
        return dict(self.seen)

    def load_state_dict(self, state: Any) -> None:
        self.seen = Counter(state)
