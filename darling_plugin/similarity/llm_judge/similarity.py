"""Equivalent = an LLM says so, asked in both orders. The most expensive similarity; it is not trained.

It is the judge of `darling classifier label`, with the same definitions (`definitions.py`). It does
not see the prompt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import numpy as np

from darling_plugin.core import checks
from darling_plugin.endpoint.client import Usage, each
from darling_plugin.endpoint.endpoint import Endpoint, as_key
from darling_plugin.endpoint.failures import EndpointError, NoVerdictError
from darling_plugin.errors import SimilarityError
from darling_plugin.similarity.llm_judge.ask import Judge
from darling_plugin.similarity.llm_judge.definitions import domain_called

logger = logging.getLogger(__name__)

MAX_MISSING = 0.05


class JudgeSimilarity:
    """P(a, b) = (same(a, b) + same(b, a)) / 2, in {0, 0.5, 1}: above 0.5 when the judge says "same" in both orders.

    A pair of identical texts is 1 and is not asked. A question without a verdict, after retries, counts as "different"
    and is counted in `missing`. If more than `max_missing` of a call's questions have none, a `SimilarityError` is
    raised, as for a server that must be given up (`endpoint/failures.py`). One missing verdict of a call is always
    allowed, unless max_missing is 0. Runs an event loop of its own: call it from a thread that has none.

    Args:
        model: the name under which the endpoint serves the judge.
        url: of the OpenAI-compatible endpoint, such as http://localhost:8000/v1.
        domain: which definition: "writing", "math", "code" or "answers".
        api_key_env: the environment variable with the key; None sends OPENAI_API_KEY to https://api.openai.com alone.
        concurrency: questions at once.
        timeout_s, deadline_s: seconds for one request, and for one question with its retries.
        max_tokens: of one answer, an invisible chain of thought included.
        temperature, seed: of the judge's sampling.
        max_missing: share of a call's questions that may have no verdict.
    """

    default_threshold = 0.5
    short_text_rule: str | bool = "form"

    def __init__(
        self,
        model: str,
        url: str,
        domain: str = "writing",
        api_key_env: str | None = None,
        concurrency: int = 64,
        timeout_s: float = 120.0,
        deadline_s: float = 300.0,
        max_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
        max_missing: float = MAX_MISSING,
    ):
        self.concurrency = concurrency
        self.max_missing = checks.fraction("darling.similarity.max_missing", max_missing)
        self.missing = 0
        self._judge = Judge(
            Endpoint(
                url,
                model,
                api_key_env=api_key_env,
                concurrency=concurrency,
                timeout_s=timeout_s,
                deadline_s=deadline_s,
                max_tokens=max_tokens,
                temperature=temperature,
                seed=seed,
                called=as_key,
            ),
            domain_called(domain, as_key("domain")),
        )

    @property
    def usage(self) -> Usage:
        """Requests and tokens since this object was made."""
        return self._judge.usage

    def __call__(self, pairs: Sequence[tuple[str, str]], /) -> np.ndarray:
        said = np.ones((len(pairs), 2))
        questions = [(row, order) for row, (a, b) in enumerate(pairs) if a != b for order in (0, 1)]
        if not questions:
            return said.mean(axis=1)

        without: list[NoVerdictError] = []
        allowed = max(1, int(self.max_missing * len(questions))) if self.max_missing else 0

        async def ask(question: tuple[int, int]) -> None:
            row, order = question
            a, b = pairs[row]
            try:
                answer = await (self._judge.ask(a, b) if order == 0 else self._judge.ask(b, a))
            except NoVerdictError as error:
                without.append(error)
                if len(without) > allowed:
                    raise
                said[row, order] = 0.0
            else:
                said[row, order] = answer.verdict == "same"

        async def ask_all() -> None:
            async with self._judge:
                await each(ask, questions, self._judge.endpoint.concurrency)

        try:
            asyncio.run(ask_all())
        except (EndpointError, NoVerdictError) as error:
            endpoint = self._judge.endpoint
            raise SimilarityError(
                f"the judge {endpoint.model!r} at {endpoint.url} gave no verdict on {max(1, len(without))} of "
                f"{len(questions)} questions about {len(pairs)} pairs (darling.similarity.max_missing="
                f"{self.max_missing:g}): {error}"
            ) from error
        if without:
            self.missing += len(without)
            logger.warning(
                "darling: %d of %d questions to the judge have no verdict and count as different; the last: %s",
                len(without),
                len(questions),
                without[-1],
            )
        return said.mean(axis=1)
