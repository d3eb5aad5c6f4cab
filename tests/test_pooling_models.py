"""Models that a real vLLM reads pairs or scores with: the published classifiers, and a converted reward model.

They give there what they give in this process. One process serves all three: importing vLLM is what costs.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tiny_athene
import tiny_published
from tiny_athene import CONVERSATIONS, whole
from tiny_published import PAIRS

from darling_plugin.quality.reward_model import conversation
from darling_plugin.similarity.classifier import published
from darling_plugin.similarity.classifier.scorer import probabilities
from darling_plugin.tools.convert.convert import convert

pytestmark = [pytest.mark.vllm, pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM")]

PROGRAM = """
import json, sys, vllm
ways = [{}, {"pooling_params": vllm.PoolingParams(use_activation=False)}]  # the second is verl's
answers, engines = {}, []  # an engine that ends takes vLLM's groups of processes from the next one
for name, job in json.load(open(sys.argv[1])).items():
    engine = vllm.LLM(job["model"], runner="pooling", enforce_eager=True, dtype="float32", max_model_len=job["tokens"])
    engines.append(engine)
    asked = [{"prompt_token_ids": row} for row in job["ids"]] + job["texts"]
    found = [engine.classify(asked, **way) for way in ways]
    answers[name] = [[(one.prompt_token_ids, one.outputs.probs) for one in each] for each in found]
json.dump(answers, open(sys.argv[2], "w"))
"""
KINDS = ("modernbert", "qwen3")
PLAIN = PAIRS[:3]  # short enough for the model, so that vLLM takes the authors' string as well


@pytest.fixture(scope="module")
def scorers(tmp_path_factory):
    root = tmp_path_factory.mktemp("published")
    folders = {kind: getattr(tiny_published, kind)(root / kind) for kind in KINDS}
    return {kind: published.load(str(folder), device="cpu", tokens=64) for kind, folder in folders.items()}


@pytest.fixture(scope="module")
def athene(tmp_path_factory) -> Path:
    """The original, and beside it the converted folder."""
    source = tiny_athene.write(tmp_path_factory.mktemp("athene") / "source")
    convert(source, source.with_name("converted"))
    return source


@pytest.fixture(scope="module")
def jobs(scorers, athene):
    from transformers import AutoTokenizer

    pairs = {
        kind: {
            "model": scorer.name,
            "tokens": None,
            "ids": scorer.vllm_inputs(PAIRS),
            "texts": [scorer.form.text(*sorted(pair)) for pair in PLAIN],
        }
        for kind, scorer in scorers.items()
    }
    converted = athene.with_name("converted")
    tokenizer = AutoTokenizer.from_pretrained(converted)
    texts = [conversation(messages, response, tokenizer) for messages, response in CONVERSATIONS]
    return pairs | {"athene": {"model": str(converted), "tokens": 512, "ids": [], "texts": texts}}


@pytest.fixture(scope="module")
def answers(jobs, tmp_path_factory):
    """Name → for each way of asking, (token ids, probabilities) of each prompt."""
    folder = tmp_path_factory.mktemp("vllm")
    (folder / "jobs.json").write_text(json.dumps(jobs))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder / "jobs.json"), str(folder / "answers.json")],
        env=os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return json.loads((folder / "answers.json").read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_classifier(scorers, jobs, answers, kind):
    ids, probs = zip(*answers[kind][0], strict=True)
    # Nothing is added to ids; from the string, vLLM's own tokenization makes the same ids.
    assert list(ids) == jobs[kind]["ids"] + jobs[kind]["ids"][: len(PLAIN)]
    logits = scorers[kind].logits(PAIRS)
    np.testing.assert_allclose([p[-1] for p in probs[: len(PAIRS)]], probabilities(logits, 1.0), atol=1e-5)
    np.testing.assert_allclose(scorers[kind].from_vllm(probs[: len(PAIRS)]), logits, atol=1e-4)


def test_the_converted_reward_model(athene, answers):
    """The text that verl sends, the original's score."""
    rows = tiny_athene.original_ids(athene, [whole(*each) for each in CONVERSATIONS])
    expected = tiny_athene.original_scores(athene, rows)
    # With or without use_activation: the raw score, not its sigmoid.
    for each in answers["athene"]:
        assert [ids for ids, _ in each] == rows  # one BOS, the CLS token at the end
        assert [score for _, (score,) in each] == pytest.approx(expected, abs=2e-5)
