"""`darling classifier label`: sampled responses in, labeled pairs out."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin import __version__
from darling_plugin.core import checks
from darling_plugin.endpoint.client import Usage, each
from darling_plugin.endpoint.endpoint import Endpoint
from darling_plugin.endpoint.failures import EndpointError, NoVerdictError
from darling_plugin.progress import progress
from darling_plugin.similarity.llm_judge.ask import Judge
from darling_plugin.similarity.llm_judge.definitions import Domain, domain_called
from darling_plugin.similarity.llm_judge.prompt import definition_digest
from darling_plugin.tools.classifier.label.answers import AnswerReader
from darling_plugin.tools.classifier.label.mining import Counts, Groups, Question, mine, read_groups
from darling_plugin.tools.classifier.label.store import DISAGREEMENT, Store, files_beside
from darling_plugin.tools.outputs import check_output

if TYPE_CHECKING:
    from rich.console import Console


def label(
    responses: str | Path,
    output: str | Path,
    endpoint: Endpoint,
    domain: str,
    *,
    pairs_per_prompt: int | None = 28,
    seed: int = 0,
    disagreement: str = "drop",
    console: Console | None = None,
) -> dict[str, Any]:
    """Mine pairs, ask the judge about each in both orders, write them; returns the summary, which is a file as well.

    Pairs that are in the output already are not asked again: the same command resumes after a kill, or after the
    input has grown, and asks again what failed. A pair has a label when both orders agree; see `Store` for the rest.

    Args:
        responses: file or folder (`mining.py` has its forms).
        output: file of labeled pairs (`store.py`).
        domain: a key of `definitions.DOMAINS`.
        pairs_per_prompt: at most; None for all.
        seed: of the draw of pairs.
        disagreement: of the two orders, what becomes of the pair: "drop" or "distinct".

    Raises `InputError`, `ConfigError`, and `EndpointError` where the judge cannot be asked, or not one pair has
    ever had a label; what was labeled until then stays.
    """
    checks.choice("--disagreement", disagreement, DISAGREEMENT)
    limit = None if pairs_per_prompt is None else checks.at_least_one("--pairs-per-prompt", pairs_per_prompt)
    chosen = domain_called(domain)
    path = Path(output).expanduser()
    for written in (path, *files_beside(path)):
        check_output("--out", written, [responses])
    groups = read_groups(responses)
    provenance = {"judge": endpoint.model, "domain": chosen.name, "definition": definition_digest(chosen)}
    store = Store(path, provenance, disagreement)
    counts = Counts()
    questions = _mine(groups, counts, chosen, limit, seed, console)
    new = [question for question in questions if question.key not in store.keys]
    run = _Run(Judge(endpoint, chosen), store, len(new))
    drawn = {"seed": seed, "pairs_per_prompt": limit, "disagreement": disagreement}
    origin = _origin(endpoint, chosen) | {"input": str(responses), "input_sha256": groups.digest} | drawn
    try:
        if new:
            asyncio.run(run.ask_all(new, console))
    except EndpointError as error:
        run.last_failure = str(error)
        done = store.agreed + store.disagreed
        raise EndpointError(f"{error}. {done} pairs are in {store.path}; the same command resumes from there") from None
    finally:
        # After Ctrl-C, too.
        summary = run.summary(len(questions) - len(new), counts, origin)
        store.write_summary(summary)
    if run.failures and not store.keys:
        raise EndpointError(f"{endpoint.url}: no verdict on any of {len(new)} pairs (the last: {run.last_failure})")
    return summary


def _origin(endpoint: Endpoint, domain: Domain) -> dict[str, Any]:
    """What made the labels; no secret is among it."""
    return {
        "version": __version__,
        "domain": domain.name,
        "definition_version": domain.version,
        "definition": definition_digest(domain),
        "judge": endpoint.model,
        "endpoint": endpoint.url,
        "temperature": endpoint.temperature,
        "judge_seed": endpoint.seed,
        "max_tokens": endpoint.max_tokens,
    }


def _mine(
    groups: Groups, counts: Counts, domain: Domain, limit: int | None, seed: int, console: Console | None
) -> list[Question]:
    questions: list[Question] = []
    with AnswerReader() as reader, progress("Mining pairs", len(groups.responses), console) as advance:
        answers = reader if domain.same_answer else None
        for pairs in mine(groups, counts, limit=limit, seed=seed, answers=answers):
            questions += pairs
            advance(note=f"{len(questions)} pairs")
        counts.hung = reader.hung
    return questions


class _Run:
    """Asking, and what became of each question."""

    def __init__(self, judge: Judge, store: Store, total: int):
        self.judge = judge
        self.store = store
        self.total = total
        self.labelled = 0
        self.agreed = 0
        self.failures: Counter[str] = Counter()
        self.last_failure: str | None = None

    async def ask_all(self, questions: list[Question], console: Console | None) -> None:
        with progress("Asking the judge", len(questions), console) as advance:

            async def ask(question: Question) -> None:
                await self._ask(question)
                advance(note=self._note())

            async with self.judge:
                await each(ask, questions, self.judge.endpoint.concurrency)

    async def _ask(self, question: Question) -> None:
        usage = Usage()
        orders = [(0, 1), (1, 0)]
        texts = question.first, question.second
        try:
            answers = [await self.judge.ask(texts[a], texts[b], question.prompt, usage) for a, b in orders]
        except NoVerdictError as error:
            self.failures[error.kind] += 1
            self.last_failure = str(error)
            return
        verdicts = [
            {"order": list(order), "verdict": answer.verdict}
            | ({} if answer.reason is None else {"reason": answer.reason})
            for order, answer in zip(orders, answers, strict=True)
        ]
        self.store.add(question, verdicts, {"prompt": usage.prompt_tokens, "completion": usage.completion_tokens})
        self.labelled += 1
        self.agreed += answers[0].verdict == answers[1].verdict

    def summary(self, earlier: int, counts: Counts, origin: dict[str, Any]) -> dict[str, Any]:
        """Counts of pairs in this run and in the files, tokens, and where it all came from."""
        store, usage = self.store, self.judge.usage
        in_files = store.agreed + store.disagreed
        return {
            "complete": self.labelled + self.failures.total() == self.total,
            "pairs": {
                "earlier": earlier,
                "asked": self.labelled + self.failures.total(),
                "agreed": self.agreed,
                "disagreed": self.labelled - self.agreed,
                "failed": self.failures.total(),
                "left": self.total - self.labelled - self.failures.total(),
            },
            "failures": dict(self.failures),
            "last_failure": self.last_failure,
            "tokens": {
                "requests": usage.requests,
                "prompt": usage.prompt_tokens,
                "completion": usage.completion_tokens,
                "answers_without_a_count": usage.uncounted,
            },
            "files": {
                "agreed": store.agreed,
                "disagreed": store.disagreed,
                "similar": store.similar,
                "order_agreement": round(store.agreed / in_files, 4) if in_files else None,
                "prompt_tokens": store.prompt_tokens,
                "completion_tokens": store.completion_tokens,
            },
            "mining": counts.as_dict(),
            "provenance": origin,
        }

    def _note(self) -> str:
        failed = self.failures.total()
        return f"{self.store.similar} same" + (f", {failed} failed" if failed else "")
