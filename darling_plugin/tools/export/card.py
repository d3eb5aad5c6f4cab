"""The model card: what was trained from what, how, on which data, with which outcome, and how to load it.

Nothing of a run's configuration is Markdown, HTML or YAML of the card: see `markup.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from darling_plugin import __version__
from darling_plugin.tools.check.models import is_hub_name
from darling_plugin.tools.export.checkpoint import Checkpoint
from darling_plugin.tools.export.markup import block, code, table
from darling_plugin.tools.export.record import Record
from darling_plugin.tools.export.weights import ADAPTER, Weights
from darling_plugin.tools.report.curves import CURVES, validations
from darling_plugin.tools.report.runs import Row

METHODS = {
    "darling": (
        "DARLING, which rewards responses for their quality and for saying something other than their siblings "
        "([Jointly Reinforcing Diversity and Quality in Language Model Generations](https://arxiv.org/abs/2509.02534))"
        "; the settings below say which variant"
    ),
    "grpo": "GRPO ([DeepSeekMath](https://arxiv.org/abs/2402.03300))",
}
# Each key, and the one that must be on for it to have an effect; `name=value` for one that must have that value.
ESTIMATOR, DARLING = "algorithm.adv_estimator", "algorithm.adv_estimator=darling"
SETTINGS = (
    (ESTIMATOR, None),
    ("algorithm.norm_adv_by_std_in_grpo", "algorithm.adv_estimator=grpo"),
    ("darling.objective", DARLING),
    ("darling.similarity.name", "darling.objective=darling"),
    ("darling.similarity.model", "darling.objective=darling"),
    ("darling.similarity.threshold", "darling.objective=darling"),
    ("darling.diversity.scope", DARLING),
    ("darling.diversity.ngram", "darling.objective=ngram"),
    ("darling.fusion.mode", DARLING),
    ("darling.fusion.shift", DARLING),
    ("darling.advantage.normalize_by_std", DARLING),
    ("actor_rollout_ref.actor.optim.lr", None),
    ("actor_rollout_ref.actor.ppo_mini_batch_size", None),
    ("actor_rollout_ref.actor.kl_loss_coef", "actor_rollout_ref.actor.use_kl_loss"),
    ("actor_rollout_ref.model.lora_rank", "actor_rollout_ref.model.lora_rank"),
    ("actor_rollout_ref.rollout.n", None),
    ("actor_rollout_ref.rollout.temperature", None),
    ("data.train_batch_size", None),
    ("data.max_prompt_length", None),
    ("data.max_response_length", None),
    ("model_engine", None),
    ("trainer.nnodes", None),
    ("trainer.n_gpus_per_node", None),
)
POLICY = "actor_rollout_ref.model.path"
NO_CONFIG = "The run's configuration was not found (`darling export --config` takes it)."
NO_METRICS = "No metrics of the run were found (`darling export --metrics` takes them)."


def write_card(
    checkpoint: Checkpoint, weights: Weights, record: Record, config_text: str, figures: Sequence[str]
) -> str:
    """The README.md. figures: names of PNG files beside it; config_text: the configuration as YAML, or nothing."""
    base = record.get(POLICY)
    estimator = record.get(ESTIMATOR)
    name = record.get("trainer.experiment_name") or checkpoint.run.name
    step = "an unknown step" if checkpoint.step is None else f"step {checkpoint.step}"
    parts = [
        _front_matter(record, weights),
        f"# {code(name)}, {step}",
        f"{code(base) if base else 'A model'} after {step} of reinforcement learning"
        + (f" with {METHODS.get(str(estimator)) or f'the estimator {code(estimator)}'}." if estimator else "."),
        "## Use",
        _use(weights, base),
        "## Training",
        _settings(record) or NO_CONFIG,
        "Trained with [verl](https://github.com/verl-project/verl) and darling-plugin. "
        f"Weights: {_origin(checkpoint, weights)}. Card and folder by darling-plugin {__version__}.",
        "## Data",
        _data(record),
        "## Metrics",
        _metrics(record.rows, checkpoint.step) if record.rows else NO_METRICS,
        *(f"![{Path(figure).stem}]({figure})" for figure in figures),
        "## License",
        "Inherits the base model's.",
    ]
    if config_text:
        parts += ["## Configuration", _folded(config_text)]
    return "\n\n".join(parts) + "\n"


def _front_matter(record: Record, weights: Weights) -> str:
    """Metadata as the hub reads it. JSON strings are YAML."""
    base = record.get(POLICY)
    lines = ["license: other", "license_name: inherits-the-base-model"]
    if isinstance(base, str) and is_hub_name(base) and not (record.started_in / base).exists():
        lines.append(f"base_model: {json.dumps(base)}")
        lines.append(f"base_model_relation: {'adapter' if weights.adapter else 'finetune'}")
    lines += ["library_name: " + ("peft" if weights.adapter else "transformers"), "pipeline_tag: text-generation"]
    tags = ["reinforcement-learning", "verl", *(["darling"] if record.get(ESTIMATOR) == "darling" else [])]
    return "\n".join(["---", *lines, f"tags: {json.dumps(tags)}", "---"])


def _use(weights: Weights, base: Any) -> str:
    if not weights.adapter:
        lines = ['model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER", dtype="auto")']
    else:
        under = "THIS_FOLDER" if weights.base else "THE_BASE_MODEL"
        lines = [
            f'base = AutoModelForCausalLM.from_pretrained("{under}", dtype="auto")',
            f'model = PeftModel.from_pretrained(base, "THIS_FOLDER/{ADAPTER}")',
        ]
    imports = ["from transformers import AutoModelForCausalLM, AutoTokenizer"]
    if weights.adapter:
        imports.insert(0, "from peft import PeftModel")
    tokenizer = 'tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")'
    text = block("\n".join([*imports, "", *lines, tokenizer]), "python")
    if weights.adapter and weights.base:
        text += f"\n\nThe weights in this folder are the base model's; what was learned is in `{ADAPTER}/`."
    elif weights.adapter:
        text += f"\n\nThis is an adapter: load it onto {code(base) if base else 'the base model'}."
    return text


def _origin(checkpoint: Checkpoint, weights: Weights) -> str:
    if weights.merged:
        return f"{checkpoint.form.value}, merged by verl's model merger, in bfloat16"
    return checkpoint.form.value


def _settings(record: Record) -> str:
    keys = [POLICY, *(key for key, needed in SETTINGS if _on(record, key, needed))]
    rows = [[code(key), code(record.get(key))] for key in keys if record.get(key) is not None]
    return table(["setting", "value"], rows) if rows else ""


def _on(record: Record, key: str, needed: str | None) -> bool:
    if key.startswith("darling.") and record.get(ESTIMATOR) != "darling":
        return False
    name, _, value = (needed or "").partition("=")
    return needed is None or (record.get(name) == value if value else bool(record.get(name)))


def _data(record: Record) -> str:
    if not record.data:
        return "The data files are not known."
    rows = [
        [code(f"data.{file.role}"), code(file.path), code(file.digest) if file.digest else "not found at the export"]
        for file in record.data
    ]
    return table(["key", "file", "SHA-256"], rows)


def _metrics(rows: Sequence[Row], step: int | None) -> str:
    """Each curve of `darling report`, and each validation, at its first step and at the exported one."""
    last = rows[-1]["step"] if step is None else step
    lines = []
    for curve in (*CURVES, *validations(rows)):
        key = next((key for key in curve.keys if any(key in row for row in rows)), None)
        if key is not None:
            start = next(row for row in rows if key in row)
            end = next((row for row in rows if row["step"] == last and key in row), None)
            lines.append(
                [code(key), f"{start[key]:.4g} (step {start['step']:g})", f"{end[key]:.4g}" if end else "not logged"]
            )
    return table(["metric", "at the start", f"at step {last:g}"], lines) if lines else NO_METRICS


def _folded(text: str) -> str:
    return f"<details><summary>All of it, resolved</summary>\n\n{block(text, 'yaml')}\n\n</details>"
