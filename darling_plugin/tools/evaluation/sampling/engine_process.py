"""The process in which vLLM runs: `python -m …engine_process`. Orders come on stdin, answers go to stdout, JSON lines.

    in    {"engine": …, "sampling": …}
          {"id": …, "text": …, "seeds": [[sample, seed], …]}     one per prompt; then an empty line
    out   {"id": …, "sample": …, "response": …, "finish": …, "tokens": …}     as each is done
          {"id": …, "sample": …, "failed": …}     the engine refuses this one
          {"refused": …}     a setting is wrong; nothing was sampled
          {"ended": true}

When stdin closes, whoever gave the orders is gone: this process and all that it started end at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

AT_ONCE = 1024  # requests in the engine's hands; it batches as many of them as fit


class Request(NamedTuple):
    id: str
    sample: int
    seed: int
    tokens: list[int]


def main() -> None:
    # Whatever else prints to stdout goes where stderr goes: only answers may come out there.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    orders = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    head, *prompts = _orders(orders)
    threading.Thread(target=_end_with, args=(orders.fileno(),), daemon=True).start()
    try:
        requests = list(_requests(prompts, head["engine"]["model"], head["sampling"]))
    except ValueError as error:
        _say(answers, {"refused": str(error)})
    else:
        asyncio.run(_sample(head, requests, answers))
    _say(answers, {"ended": True})


def _orders(orders: IO[bytes]) -> Iterator[Any]:
    for line in orders:
        if line == b"\n":
            return
        yield json.loads(line)
    os.killpg(0, signal.SIGKILL)  # the pipe closed before the end of the orders


def _end_with(orders: int) -> None:
    while os.read(orders, 1):  # unbuffered: a thread that holds a buffer's lock can abort the interpreter's exit
        pass
    os.killpg(0, signal.SIGKILL)


def _requests(prompts: list[Any], model: str, sampling: Mapping[str, Any]) -> Iterator[Request]:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    if not sampling["raw"] and tokenizer.chat_template is None:
        raise ValueError(
            f"`--model` {model} has no chat template. Give --raw, which continues the text of each prompt as it is, or "
            "put a chat_template.jinja into the folder"
        )
    for prompt in prompts:
        text = prompt["text"]
        if not sampling["raw"]:
            messages = [{"role": "user", "content": text}] if isinstance(text, str) else text
            tokens = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=True, return_dict=False, **sampling["template"]
            )
        elif isinstance(text, str):
            tokens = tokenizer(text)["input_ids"]
        else:
            raise ValueError(f"{prompt['id']}: `--raw` continues a text, and this prompt is a list of messages")
        yield from (Request(prompt["id"], sample, seed, tokens) for sample, seed in prompt["seeds"])


async def _sample(head: Mapping[str, Any], requests: list[Request], answers: IO[str]) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    from darling_plugin.endpoint.client import each

    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**head["engine"]))
    try:

        async def one(request: Request) -> None:
            row = await _response(engine, request, head["sampling"])
            _say(answers, {"id": request.id, "sample": request.sample} | row)

        await each(one, requests, AT_ONCE)
    finally:
        engine.shutdown()


async def _response(engine: Any, request: Request, sampling: Mapping[str, Any]) -> dict[str, Any]:
    from vllm.exceptions import VLLMValidationError
    from vllm.sampling_params import RequestOutputKind, SamplingParams

    from darling_plugin.evaluation.entropy import sampled_entropy

    wanted = SamplingParams(
        **{name: sampling[name] for name in ("temperature", "top_p", "top_k", "min_p", "max_tokens")},
        seed=request.seed,
        logprobs=0 if sampling["entropy"] else None,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
    prompt = {"prompt_token_ids": request.tokens}
    try:
        async for output in engine.generate(prompt, wanted, f"{request.id} {request.sample}"):
            last = output.outputs[0]
    except (ValueError, VLLMValidationError) as error:  # longer than the model reads, for instance
        return {"failed": f"{type(error).__name__}: {error}"}
    row = {"response": last.text, "finish": last.finish_reason, "tokens": len(last.token_ids)}
    if sampling["entropy"]:
        drawn = zip(last.token_ids, last.logprobs, strict=True)
        row["entropy"] = sampled_entropy([of_position[token].logprob for token, of_position in drawn])
    return row


def _say(answers: IO[str], answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
