"""The converted folder in a real vLLM: the text that verl sends, the original's score."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import tiny_athene
from tiny_athene import CONVERSATIONS, whole

from darling_plugin.quality.reward_model import conversation
from darling_plugin.tools.convert.convert import convert

VLLM = """
import json, sys, vllm
model, texts = json.load(open(sys.argv[1]))
engine = vllm.LLM(model, runner="pooling", enforce_eager=True, dtype="float32", max_model_len=512)
raw = vllm.PoolingParams(use_activation=False)  # as verl asks
answers = [engine.classify(texts), engine.classify(texts, pooling_params=raw)]
json.dump([[(one.prompt_token_ids, one.outputs.probs) for one in each] for each in answers], open(sys.argv[2], "w"))
"""


@pytest.mark.vllm
@pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM")
def test_vllm_gives_the_originals_scores(tmp_path):
    from transformers import AutoTokenizer

    source = tiny_athene.write(tmp_path / "source")
    convert(source, tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    texts = [conversation(messages, response, tokenizer) for messages, response in CONVERSATIONS]
    (tmp_path / "job.json").write_text(json.dumps([str(tmp_path / "out"), texts]))
    done = subprocess.run(
        [sys.executable, "-c", VLLM, str(tmp_path / "job.json"), str(tmp_path / "answers.json")],
        env=os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    rows = tiny_athene.original_ids(source, [whole(*each) for each in CONVERSATIONS])
    expected = tiny_athene.original_scores(source, rows)
    # With or without use_activation: the raw score, not its sigmoid.
    for answers in json.loads((tmp_path / "answers.json").read_text()):
        assert [ids for ids, _ in answers] == rows  # one BOS, the CLS token at the end
        assert [score for _, (score,) in answers] == pytest.approx(expected, abs=2e-5)
