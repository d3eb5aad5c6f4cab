"""When each response is finished: engines with continuous batching, so the longest responses come late and fast."""

from __future__ import annotations

import heapq

import numpy as np

from darling_plugin.tools.plan.machines import Training


def finish_times(lengths: np.ndarray, training: Training) -> np.ndarray:
    """finished[g, i] = seconds after the start of the step, for lengths[g, i] tokens; the shape of `lengths`.

    The responses are dealt to the engines in turn and wait there in order. An engine decodes at most `concurrency`
    at once and each gets one token per decoding step, whose time depends on how many there are
    (`Training.decode_s`). So a response that starts when the engine has given each of its responses v tokens ends at
    v + its length of them: one heap of ends, and time advances between them.
    """
    flat = lengths.ravel()
    context = training.prompt_tokens + float((flat**2).sum() / (2 * flat.sum()))  # the mean over tokens
    finished = np.zeros(len(flat))
    engines = max(1, training.gpus // training.tensor_parallel)
    most = max(1, min(training.concurrency, -(-len(flat) // engines)))
    step_s = [0.0] + [training.decode_s(active, context) for active in range(1, most + 1)]
    for engine in range(min(engines, len(flat))):
        _run_engine(flat.tolist(), range(engine, len(flat), engines), step_s, finished)
    return finished.reshape(lengths.shape)


def _run_engine(lengths: list[int], rows: range, step_s: list[float], finished: np.ndarray) -> None:
    waiting, active = iter(rows), list[tuple[int, int]]()  # (tokens of the engine at its end, row)
    given, now = 0, 0.0
    for row in waiting:
        active.append((lengths[row], row))
        if len(active) == len(step_s) - 1:
            break
    heapq.heapify(active)
    while active:
        end, row = active[0]
        now += (end - given) * step_s[len(active)]
        given, finished[row] = end, now
        following = next(waiting, None)
        if following is None:
            heapq.heappop(active)
        else:
            heapq.heapreplace(active, (given + lengths[following], following))
