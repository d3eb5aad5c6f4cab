"""What the service did since it was last asked: the numbers behind `darling/service/*`."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass
class Counts:
    """Sums since the last `take`; `queue_depth` is the maximum."""

    read: int = 0
    """Texts, or ordered pairs, that a model has read."""
    cached: int = 0
    """Texts, or ordered pairs, that were known already."""
    texts: int = 0
    """Texts in what was read; one that is in several pairs of a batch counts once for it."""
    truncated: int = 0
    """Those of the texts read that are longer than the model reads."""
    unreadable: int = 0
    """Those of the texts read that are mostly in a script that the model's vocabulary lacks."""
    missing: int = 0
    """Questions to an LLM judge without a verdict, taken as distinct."""
    batches: int = 0
    tokens: int = 0
    """Tokens of what was read, estimated."""
    room: int = 0
    """Tokens that those batches could have held."""
    failures: int = 0
    """Failed batches; each was given to another worker, or again to the same one."""
    queue_depth: int = 0
    """Batches that were under way or waiting at once."""
    busy_seconds: float = 0.0
    """Seconds during which at least one batch was under way."""
    arrived: int = 0
    """Responses that came while others were still being generated."""
    forgotten: int = 0
    """Groups that were never collected."""
    stream_failures: int = 0
    """Rounds of work ahead that failed; their pairs are scored when the groups are collected."""

    def take(self) -> Counts:
        """Return a copy and reset everything to 0."""
        taken = Counts(**{field.name: getattr(self, field.name) for field in fields(self)})
        for field in fields(self):
            setattr(self, field.name, field.default)
        return taken

    @property
    def batch_fill(self) -> float:
        """How full the batches were, in [0, 1]; 1 where there were none."""
        return min(1.0, self.tokens / self.room) if self.room else 1.0

    @property
    def truncated_share(self) -> float:
        """Share of the texts that were cut, in [0, 1]; 0 where none was read."""
        return min(1.0, self.truncated / self.texts) if self.texts else 0.0

    @property
    def unreadable_share(self) -> float:
        """Share of the texts that are mostly in a script that the model lacks, in [0, 1]; 0 where none was read."""
        return min(1.0, self.unreadable / self.texts) if self.texts else 0.0
