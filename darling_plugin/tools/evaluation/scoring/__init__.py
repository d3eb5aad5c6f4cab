"""Who says how good one response is.

    math.py              math-verify: 1 where the final answer equals the reference, else 0
    code.py              programs, run against tests; verl's prime_code; sandbox.py: where they run
    countdown.py         the rules of Countdown
    reward_endpoint.py   a reward model behind an HTTP `/classify`
    reward_folder.py     a reward model in a folder, by transformers
    reward_tokenizer.py  whose chat template the two write a conversation in
    function.py          your own function, `module:function`
    (judging/rubric.py   an LLM judge, by a rubric)

Each is a worker (`stage.py`) whose rows are {"score": number, …}. `binary` says that a score is 1 or 0: right or wrong,
so that pass@k means something. A response that could not be scored is missing; its score is never 0 for that.

A new scorer is a file here and a line in `request.py`, which makes them.
"""

from __future__ import annotations

from typing import Protocol

from darling_plugin.tools.evaluation.stage import Worker


class Scorer(Worker, Protocol):
    @property
    def binary(self) -> bool: ...
