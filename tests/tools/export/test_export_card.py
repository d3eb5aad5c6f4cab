"""The model card: what it says, and that a run's texts are data in it."""

from pathlib import Path

import pytest

from darling_plugin.tools.export.card import write_card
from darling_plugin.tools.export.checkpoint import Checkpoint, Form
from darling_plugin.tools.export.record import DataFile, Record
from darling_plugin.tools.export.weights import Weights

CHECKPOINT = Checkpoint(20, Path("/run/global_step_20/actor"), Path("/run"), Form.fsdp, Path("/run/hf"))
WHOLE = Weights(merged=True, base=True, adapter=False)
NOTHING = Record({}, Path("/nowhere"))


def record(model="Qwen/Qwen3-4B-Base", rows=(), data=(), **config) -> Record:
    base = {"actor_rollout_ref": {"model": {"path": model}}, "trainer": {"experiment_name": "first"}}
    return Record(base | config, Path("/nowhere"), rows=tuple(rows), data=tuple(data))


def darling(**node) -> dict:
    return {"algorithm": {"adv_estimator": "darling"}, "darling": node}


def front_matter(card: str) -> dict:
    import yaml

    assert card.startswith("---\n")
    return yaml.safe_load(card.split("---\n")[1])


def test_front_matter():
    found = front_matter(write_card(CHECKPOINT, WHOLE, record(**darling()), "", []))
    assert found == {
        "license": "other",
        "license_name": "inherits-the-base-model",
        "base_model": "Qwen/Qwen3-4B-Base",
        "base_model_relation": "finetune",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["reinforcement-learning", "verl", "darling"],
    }
    # A path is no name on the hub.
    assert "base_model" not in front_matter(write_card(CHECKPOINT, WHOLE, record(model="/models/Qwen3"), "", []))
    found = front_matter(write_card(CHECKPOINT, Weights(True, False, True), record(), "", []))
    assert (found["library_name"], found["base_model_relation"]) == ("peft", "adapter")


def test_method_and_settings():
    card = write_card(CHECKPOINT, WHOLE, record(**darling(objective="darling", diversity={"scope": "all"})), "", [])
    assert "`Qwen/Qwen3-4B-Base` after step 20 of reinforcement learning with DARLING," in card
    assert "https://arxiv.org/abs/2509.02534" in card
    assert "| `darling.diversity.scope` | `all` |" in card
    assert "FSDP shards, merged by verl's model merger, in bfloat16" in card
    assert "## License\n\nInherits the base model's.\n" in card


def test_settings_without_an_effect_are_left_out():
    ngram = darling(objective="ngram", diversity={"scope": "correct", "ngram": 4}, similarity={"name": "classifier"})
    card = write_card(CHECKPOINT, WHOLE, record(**ngram), "", [])
    assert "`darling.diversity.ngram` | `4`" in card and "similarity" not in card
    assert "`darling.diversity.scope` | `correct`" in card  # n-grams obey it
    grpo = {"algorithm": {"adv_estimator": "grpo", "norm_adv_by_std_in_grpo": False}}
    card = write_card(
        CHECKPOINT, WHOLE, record(**grpo, darling={"objective": "darling", "diversity": {"scope": "all"}}), "", []
    )
    assert "with GRPO ([DeepSeekMath](https://arxiv.org/abs/2402.03300))." in card
    assert "| `algorithm.norm_adv_by_std_in_grpo` | `False` |" in card and "darling.diversity" not in card
    assert front_matter(card)["tags"] == ["reinforcement-learning", "verl"]
    other = record(algorithm={"adv_estimator": "rloo"})
    assert "with the estimator `rloo`." in write_card(CHECKPOINT, WHOLE, other, "", [])


def test_metrics_at_the_start_and_at_the_step():
    rows = [
        {"step": 0.0, "val-core/aime/acc/mean@8": 0.125},
        {"step": 1.0, "darling/quality/mean": 0.25, "actor/entropy": 1.5},
        {"step": 20.0, "darling/quality/mean": 0.5, "val-core/aime/acc/mean@8": 0.25, "perf/throughput": 9.0},
    ]
    card = write_card(CHECKPOINT, WHOLE, record(rows=rows), "", ["figures/curves.png"])
    assert "| metric | at the start | at step 20 |" in card
    assert "| `darling/quality/mean` | 0.25 (step 1) | 0.5 |" in card
    assert "| `val-core/aime/acc/mean@8` | 0.125 (step 0) | 0.25 |" in card
    assert "| `actor/entropy` | 1.5 (step 1) | not logged |" in card
    assert "perf/throughput" not in card
    assert "![curves](figures/curves.png)" in card


def test_data():
    files = [DataFile("train_files", "a.parquet", "ab12"), DataFile("val_files", "b|c.parquet", None)]
    card = write_card(CHECKPOINT, WHOLE, record(data=files), "", [])
    assert "| `data.train_files` | `a.parquet` | `ab12` |" in card
    assert "| `data.val_files` | `b\\|c.parquet` | not found at the export |" in card


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (WHOLE, 'model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER", dtype="auto")'),
        (Weights(True, True, True), 'base = AutoModelForCausalLM.from_pretrained("THIS_FOLDER", dtype="auto")'),
        (Weights(True, False, True), "This is an adapter: load it onto `Qwen/Qwen3-4B-Base`."),
    ],
)
def test_use(weights, said):
    card = write_card(CHECKPOINT, weights, record(), "", [])
    assert said in card and ("PeftModel" in card) == weights.adapter


def test_nothing_known():
    card = write_card(CHECKPOINT, WHOLE, NOTHING, "", [])
    assert "# `run`, step 20\n\nA model after step 20 of reinforcement learning.\n" in card
    for said in ("configuration was not found", "The data files are not known", "No metrics of the run were found"):
        assert said in card
    assert "## Configuration" not in card


def test_a_configuration_is_data():
    evil = "x`y | <script>alert(1)</script>\n# heading\n---\nlicense: mit"
    config = record(
        model=evil, algorithm={"adv_estimator": evil}, rows=[{"step": 20.0, f"val-core/{evil}/acc/mean@8": 1.0}]
    )
    card = write_card(CHECKPOINT, WHOLE, config, "prompt: |\n  ```\n  </details> # no\n", [])
    assert front_matter(card)["license"] == "other" and "base_model" not in front_matter(card)
    lines = card.splitlines()
    assert "# heading" not in lines and "license: mit" not in lines
    # The only places of the tag are in code: between two backticks, more than the text has.
    shown = "``x`y | <script>alert(1)</script> # heading --- license: mit``"
    assert shown in card and shown.replace("|", "\\|") in card
    left = card.replace(shown, "").replace(shown.replace("|", "\\|"), "")
    assert "<script>" not in left
    assert "````yaml\nprompt: |\n  ```\n  </details> # no\n````" in card
