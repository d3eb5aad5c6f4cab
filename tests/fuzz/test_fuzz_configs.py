"""Every parser of a configuration or a record from outside, against made-up files."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_fuzz_inputs import BRACKETS, FILES, TEXTS, VALUES, objects

from darling_plugin.errors import DarlingError
from darling_plugin.similarity.cascade import read_cascade
from darling_plugin.similarity.classifier.card import FILE, read_card
from darling_plugin.tools.convert.source import open_source
from darling_plugin.tools.data.manifest import NAME, Manifest, check
from darling_plugin.tools.export.card import write_card
from darling_plugin.tools.export.checkpoint import Form, find_checkpoint
from darling_plugin.tools.export.record import read_record
from darling_plugin.tools.export.weights import Weights
from darling_plugin.tools.partition.read import read_responses
from darling_plugin.tools.plan.request import parse_request
from darling_plugin.tools.redact import redact
from darling_plugin.tools.report.document import document
from darling_plugin.tools.report.page import render
from darling_plugin.tools.report.read import read_runs

quick = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)

BOMB = "a0: &a0 [x, x, x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
KEYS = (
    "trainer.default_local_dir", "trainer.project_name", "trainer.experiment_name", "data.train_files",
    "data.val_files", "actor_rollout_ref.model.path", "algorithm.adv_estimator", "darling.objective", "hydra.runtime",
    "hydra.runtime.cwd", "trainer", "data", "train_batch_size", "gpus", "n", "policy_parameters",
)  # fmt: skip
YAML_TEXTS = TEXTS | st.sampled_from(
    [
        "${a}",
        "${trainer.project_name}",
        "${.x}",
        "${oc.env:HOME}",
        "x${data}y",
        "*a",
        "\0",
        "a/../..",
        "4B",
        "1e999",
    ]
)


def nested(flat):
    """`{"a.b": 1}` as `{"a": {"b": 1}}`; a later key takes the place of an earlier one."""
    tree = {}
    for key, value in flat.items():
        *before, last = key.split(".")
        inner = tree
        for part in before:
            if not isinstance(inner.get(part), dict):
                inner[part] = {}
            inner = inner[part]
        inner[last] = value
    return tree


CONFIGS = (
    st.dictionaries(st.sampled_from(KEYS), VALUES | YAML_TEXTS, max_size=8).map(lambda flat: json.dumps(nested(flat)))
    | st.text(st.characters(codec="utf-8"), max_size=60)
    | st.just(BOMB)
    | BRACKETS.map(lambda data: data.decode("latin-1"))
    | st.sampled_from(["!!int x", "!!bool x", "!!timestamp x", "? [a]\n: b", "{{a: b}: c}"])
).map(lambda text: text.encode("utf-8", "surrogatepass"))


@quick
@given(config=CONFIGS, hydra=CONFIGS, metrics=FILES)
def test_a_run_to_export(config, hydra, metrics):
    with tempfile.TemporaryDirectory() as name:
        run = Path(name) / "run"
        huggingface = run / "global_step_1/actor/huggingface"
        huggingface.mkdir(parents=True)
        (huggingface.parent / "fsdp_config.json").write_text("{}")
        for file in ("config.json", "model.safetensors"):
            (huggingface / file).write_text("{}")
        (run / ".hydra").mkdir()
        (run / ".hydra/config.yaml").write_bytes(config)
        (run / ".hydra/hydra.yaml").write_bytes(hydra)
        (run / "metrics.jsonl").write_bytes(metrics)
        with suppress(DarlingError):
            checkpoint = find_checkpoint(run, 1)
            record = read_record(run, 1)
            write_card(checkpoint, Weights(False, True, False), record, "", [])


@quick
@given(
    name=st.sampled_from(["fsdp_config.json", "ckpt_contents.json"]),
    content=objects(("world_size", "contents")) | FILES,
)
def test_a_checkpoint(name, content):
    with tempfile.TemporaryDirectory() as folder:
        actor = Path(folder) / "global_step_1/actor"
        actor.mkdir(parents=True)
        (actor / name).write_bytes(content)
        with suppress(DarlingError):
            assert find_checkpoint(actor).form in Form


@quick
@given(config=CONFIGS)
def test_a_file_of_settings_for_plan(config):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.yaml"
        file.write_bytes(config)
        with suppress(DarlingError):
            parse_request([], file)


@quick
@given(settings=st.lists(st.tuples(st.sampled_from(KEYS), YAML_TEXTS).map("=".join) | TEXTS, max_size=4))
def test_settings_for_plan(settings):
    with suppress(DarlingError):
        parse_request(settings)


def written(name, read):
    def reader(content):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            return read(path)

    return reader


READERS = {
    "a classifier": written(FILE, lambda path: read_card(path.parent)),
    "a cascade": written("cascade.json", read_cascade),
    "a manifest": written(NAME, lambda path: Manifest(path.parent, "math").up_to_date("a", {})),
    "a manifest, checked": written(NAME, lambda path: check(path.parent)),
    "responses to partition": written("responses.jsonl", lambda path: read_responses(str(path))),
    "a reward model": written("config.json", lambda path: open_source(path.parent, None)),
    "TRL's state": written("trainer_state.json", lambda path: read_runs([path.parent])),
}
FIELDS = ("format", "task", "files", "sha256", "kind", "first", "second", "low", "high", "threshold", "prompt",
          "responses", "response", "model_type", "architectures", "log_history", "rows", "recipe")  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@quick
@given(content=objects(FIELDS) | BRACKETS | st.binary(max_size=60))
def test_records(reader, content):
    with suppress(DarlingError):
        READERS[reader](content)


@quick
@given(metrics=FILES, samples=FILES, overrides=CONFIGS)
def test_the_page_of_a_run(metrics, samples, overrides):
    with tempfile.TemporaryDirectory() as name:
        run = Path(name)
        for file, content in (
            ("metrics.jsonl", metrics),
            ("samples/1.jsonl", samples),
            (".hydra/overrides.yaml", overrides),
        ):
            (run / file).parent.mkdir(exist_ok=True)
            (run / file).write_bytes(content)
        with suppress(DarlingError):
            render(document(read_runs([run]))).encode()


@quick
@given(value=VALUES, key=TEXTS)
def test_redaction(value, key):
    json.dumps(redact(value, key))
