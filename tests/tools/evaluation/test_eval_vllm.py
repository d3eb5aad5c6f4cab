"""`darling eval` on two tiny checkpoints with a real vLLM: killed, resumed, and equal to the uninterrupted run.

The models are random and write noise. That the noise is the same, sample by sample, is what is shown.
"""

import os
import signal
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from eval_rows import rows, same_result, summary

pytestmark = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")

ENVIRONMENT = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}
# Two at a time, so that there is a half way; a response is noise of up to 150 tokens.
ENGINE = '{"dtype": "float32", "enforce_eager": true, "max_model_len": 512, "max_num_seqs": 2}'
N = 6
PROMPTS = [{"id": f"p{number}", "prompt": f"Write about {number}."} for number in range(8)]
TOO_LONG = {"id": "long", "prompt": "x" * 600}
LIMIT_S = 1500  # a run that hangs must end some time; one takes about a minute on two idle cores


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> list[Path]:
    """Two Llamas that read bytes; other weights, other noise."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<pad>", "<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<pad>"))
    tokens.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), pre_tokenizers.Split("", "isolated")]
    )
    tokens.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token="<pad>", eos_token="<end>")
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(words), num_key_value_heads=2, max_position_embeddings=512, pad_token_id=0, bos_token_id=None,
        eos_token_id=1, **shape,
    )  # fmt: skip
    folders = [tmp_path_factory.mktemp(f"checkpoint-{seed}") for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folders


@pytest.fixture
def command(write):
    prompts = write("prompts.jsonl", *PROMPTS, TOO_LONG)

    def make(model: Path, out: Path) -> list[str]:
        fixed = ["run", "own", "--prompts", prompts, "--model", model, "--samples", N, "--max-tokens", 150, "--entropy"]
        fixed += ["--engine-args", ENGINE, "--scorer", "eval_scorers:stuck", "--similarity", "lexical"]
        return [str(one) for one in [*fixed, "--out", out, "--max-missing", 0.2]]

    return make


def start(arguments: list[str], **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "darling_plugin.tools.evaluation.cli", *arguments],
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(arguments: list[str]) -> str:
    process = start(arguments)
    printed = process.communicate(timeout=LIMIT_S)[0].decode()
    assert process.returncode == 0, printed
    return printed


def kill_when(reached, process: subprocess.Popen[bytes]) -> None:
    """SIGKILL, as soon as `reached()`; then nothing that it started may be left."""
    tick = threading.Event()
    for _ in range(LIMIT_S * 50):
        if reached():
            break
        assert process.poll() is None, f"it ended before it could be killed: {process.communicate()[0].decode()}"
        tick.wait(0.02)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not psutil.wait_procs(started, timeout=120)[1]


@pytest.mark.vllm
def test_two_checkpoints_killed_and_resumed(checkpoints, command, darling, tmp_path):
    first, second = checkpoints
    printed = finish(command(first, tmp_path / "first"))
    assert "own: 9 prompts, 6 samples each" in printed and "Failed in samples: 6 (refused)" in printed
    found = summary(tmp_path / "first")
    assert found["missing"]["samples"] == {"items": 54, "missing": 6, "share": 6 / 54}
    assert found["metrics"]["score"]["problems"] == 8
    assert 4 < found["metrics"]["entropy"]["mean"] < 5.56  # a random model is nearly uniform: log 258 = 5.55

    # Killed while it samples: what is there stays, and only the rest is sampled.
    samples = tmp_path / "killed" / "samples.jsonl"
    kill_when(
        lambda: samples.exists() and samples.read_bytes().count(b"\n") >= 16,
        start(command(first, tmp_path / "killed")),
    )
    # However much was written by then: sixteen lines, and the one that was being written.
    lines = samples.read_bytes().splitlines(keepends=True)
    there = b"".join(lines[:16]) + lines[0][:9]
    samples.write_bytes(there)

    # Resumed, and killed again while it scores: then nothing is sampled again. (Each engine takes half a minute.)
    stuck = tmp_path / "stuck"
    kill_when(stuck.exists, start(command(first, tmp_path / "killed"), EVAL_STUCK=str(stuck)))
    assert samples.read_bytes().startswith(there[: there.rfind(b"\n") + 1])
    assert len(rows(tmp_path / "killed", "scores")) == 10
    log = tmp_path / "killed" / "engine.log"
    size = log.stat().st_size
    finish(command(first, tmp_path / "killed"))
    same_result(tmp_path / "first", tmp_path / "killed")
    assert log.stat().st_size == size  # no engine was started, not even for the prompt that is too long

    finish(command(second, tmp_path / "second"))
    texts = [
        {key: row["response"] for key, row in rows(tmp_path / name, "samples").items() if "response" in row}
        for name in ("first", "second")
    ]
    assert texts[0].keys() == texts[1].keys() and len(texts[0]) == 48
    # Both are nearly uniform and draw the same random numbers: a short response may be the same.
    assert len(set(texts[0].values()) & set(texts[1].values())) < 8
    code, printed = darling("compare", tmp_path / "first", tmp_path / "second")
    assert code == 0 and f"9 prompts: {first} → {second}" in printed and "Different setting" not in printed
    code, printed = darling(*command(second, tmp_path / "first"))
    assert code == 1 and "other settings (sampling.model: 'sha256:" in printed


@pytest.mark.vllm
def test_an_engine_that_ends_is_an_error_with_its_log(checkpoints, command, darling, monkeypatch, tmp_path):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    arguments = command(checkpoints[0], tmp_path / "a")
    arguments[arguments.index(ENGINE)] = '{"no_such_argument": 1}'
    code, printed = darling(*arguments)
    assert code == 1 and "vLLM ended before its work was done" in printed and "no_such_argument" in printed


def test_a_model_without_a_chat_template_is_refused(checkpoints, command, darling, tmp_path):
    from shutil import copytree

    plain = copytree(checkpoints[0], tmp_path / "plain")
    (plain / "chat_template.jinja").unlink()
    code, printed = darling(*command(plain, tmp_path / "a"))
    assert code == 1 and "has no chat template. Give --raw" in printed
    assert not rows(tmp_path / "a", "samples")
