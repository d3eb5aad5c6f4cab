"""What the training of both kinds shares: sentence-transformers' trainer, validation, LoRA, checkpoints, storing."""

from __future__ import annotations

import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from darling_plugin.progress import progress
from darling_plugin.similarity.classifier.bi_encoder import merge_adapter
from darling_plugin.similarity.classifier.card import Card
from darling_plugin.similarity.classifier.truncation import Cutter
from darling_plugin.similarity.packaged import require
from darling_plugin.tools.classifier.pairs import Pair, labels
from darling_plugin.tools.classifier.recipe import Recipe
from darling_plugin.tools.classifier.training_output import bar_callback, mute

ADAPTER = "adapter_config.json"
LONGEST = 4096  # tokens of one input, for a model that would read more
SORTED_TOGETHER = 8  # batches; enough to save most of the padding, few enough to leave their order to chance


class Learner(ABC):
    """A model that is being trained."""

    model: Any
    loss: Any
    cut: Cutter

    def __init__(self, recipe: Recipe, training: Sequence[Pair], validation: Sequence[Pair]):
        from transformers import set_seed

        set_seed(recipe.seed)  # before the model is made: a new head, and LoRA, begin at random
        self.recipe = recipe
        self.training, self.validation = list(training), list(validation)

    @abstractmethod
    def rows(self, pairs: Sequence[Pair]) -> dict[str, list[Any]]:
        """The columns that the trainer reads."""

    @abstractmethod
    def scores(self) -> np.ndarray:
        """A score of each validation pair by the model as it is now; only their order matters."""

    @abstractmethod
    def trainer(self, arguments: dict[str, Any], parts: dict[str, Any]) -> Any:
        """sentence-transformers' trainer."""

    @abstractmethod
    def save(self, folder: Path) -> Card:
        """Write the model into the folder; its card."""

    def fit(self, work: Path, *, resume: bool, quiet: bool) -> list[dict[str, Any]]:
        """Train; returns the trainer's log: losses and validations, a dictionary each."""
        import torch
        from datasets import Dataset
        from transformers import EarlyStoppingCallback

        data = Dataset.from_dict(self.rows(self.training))
        steps = math.ceil(len(data) / self.recipe.batch_size)
        every = max(1, steps // self.recipe.evaluations)
        arguments: dict[str, Any] = {
            "output_dir": str(work / "checkpoints"),
            "num_train_epochs": self.recipe.epochs,
            "per_device_train_batch_size": self.recipe.batch_size,
            "learning_rate": self.recipe.rate,
            "warmup_steps": 0.1,
            "weight_decay": 0.01,
            "seed": self.recipe.seed,
            "data_seed": self.recipe.seed,
            "bf16": torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
            "logging_steps": max(1, every // 4),
            "save_strategy": "steps",
            "save_steps": every,
            "save_total_limit": 2,
            "use_cpu": not torch.accelerator.is_available(),
            "dataloader_pin_memory": torch.cuda.is_available(),
            "report_to": ["tensorboard"],
            "disable_tqdm": True,
            "batch_sampler": _by_length,
        }
        parts: dict[str, Any] = {"train_dataset": data, "callbacks": [self.checkpoints()]}
        if self.validation:
            arguments |= {
                "eval_strategy": "steps",
                "eval_steps": every,
                "load_best_model_at_end": True,
                "metric_for_best_model": "eval_auc",
                "greater_is_better": True,
            }
            parts["evaluator"] = self.evaluator()
            parts["callbacks"].append(EarlyStoppingCallback(self.recipe.patience))
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(work / "tensorboard")
        trainer = self.trainer(arguments, parts)
        mute(trainer)
        with ExitStack() as shown:
            if not quiet and trainer.is_world_process_zero():
                total = math.ceil(self.recipe.epochs * math.ceil(steps / trainer.args.world_size))
                trainer.add_callback(bar_callback(shown.enter_context(progress("Training", total))))
            trainer.train(resume_from_checkpoint=_last_checkpoint(work / "checkpoints") if resume else None)
        if best := trainer.state.best_model_checkpoint:
            self.restore(Path(best))
        return list(trainer.state.log_history)

    def restore(self, checkpoint: Path) -> None:
        """Put back whatever of the best checkpoint the trainer does not."""
        return

    def checkpoints(self) -> Any:
        from transformers import TrainerCallback

        return TrainerCallback()

    def evaluator(self) -> Any:
        """ROC AUC on the validation pairs."""
        from sentence_transformers.base.evaluation import BaseEvaluator
        from sklearn.metrics import roc_auc_score

        learner = self

        class Auc(BaseEvaluator):
            primary_metric = "auc"

            def __call__(self, model: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
                return {"auc": float(roc_auc_score(labels(learner.validation), learner.scores()))}

        return Auc()

    def positive_weight(self) -> float:
        """What weighs equivalent pairs up against distinct ones; 1 where the recipe does not ask for it."""
        equivalent = float(labels(self.training).mean())
        return (1 - equivalent) / equivalent if self.recipe.class_weights else 1.0

    @property
    def truncated_share(self) -> float:
        texts = {text for pair in self.training for text in pair.texts}
        counter = Cutter(self.cut.tokenizer, self.cut.max_tokens)
        for text in texts:
            counter(text)
        return counter.truncated / len(texts)

    def prepare(self, task: str) -> None:
        """LoRA, and frozen lower layers, as the recipe says."""
        transformer = self.model[0].model
        layers = transformer.config.num_hidden_layers
        first = max(0, layers - (self.recipe.train_layers or layers))
        if self.recipe.lora_rank:
            require("peft")
            from peft import LoraConfig

            self.model.add_adapter(
                LoraConfig(
                    r=self.recipe.lora_rank,
                    lora_alpha=2 * self.recipe.lora_rank,
                    lora_dropout=0.05,
                    target_modules=_linear(transformer, first),
                    modules_to_save=_heads(transformer) if task == "SEQ_CLS" else None,
                    task_type=task,
                )
            )
        elif first:
            for name, parameter in transformer.named_parameters():
                place = _layer(name)
                if "embeddings" in name or "embed_tokens" in name or (place is not None and place < first):
                    parameter.requires_grad = False

    def store(self, folder: Path) -> None:
        """The trained weights, or the adapter alone, in sentence-transformers' form."""
        if self.recipe.lora_rank:
            self.model[0].model.save_pretrained(str(folder))
            _name_base(folder / ADAPTER, self.recipe.base_model)
            if self.recipe.adapter_only:
                return
            self.model = self.fresh()
            merge_adapter(self.model, folder)
            for file in folder.glob("adapter_*"):
                file.unlink()
        self.model.save_pretrained(str(folder), create_model_card=False)

    @abstractmethod
    def fresh(self) -> Any:
        """The base model, untrained."""

    def card(self, **more: Any) -> Card:
        return Card(
            kind=self.recipe.kind,
            base_model=self.recipe.base_model,
            adapter=self.recipe.adapter_only,
            max_tokens=self.cut.max_tokens,
            **more,
        )


def limit(model: Any, inputs: int) -> int:
    """How many tokens of each of `inputs` responses fit into one input of the model, special tokens taken off."""
    tokenizer, config = model.tokenizer, model[0].model.config
    sizes = [LONGEST, tokenizer.model_max_length, getattr(config, "max_position_embeddings", None) or LONGEST]
    if getattr(config, "model_type", "") in {"roberta", "xlm-roberta", "camembert"}:
        sizes[2] -= config.pad_token_id + 1  # where their positions start
    return int((min(sizes) - tokenizer.num_special_tokens_to_add(pair=inputs == 2)) // inputs)


def _linear(transformer: Any, first: int) -> list[str]:
    """The names of the linear maps in the layers from `first` on."""
    from torch.nn import Linear

    places = {name: _layer(name) for name, module in transformer.named_modules() if isinstance(module, Linear)}
    return [name for name, place in places.items() if place is not None and place >= first]


def _heads(transformer: Any) -> list[str]:
    """What comes after a pair model's layers: new for this task, so learned whole."""
    last = {name.rsplit(".", 1)[-1] for name, _ in transformer.named_modules()}
    return sorted(last & {"classifier", "score", "pooler"})


def _layer(name: str) -> int | None:
    """The layer that a parameter belongs to: `encoder.layer.3.attention…`, `layers.3.…`."""
    numbers = [part for part in name.split(".") if part.isdecimal()]
    return int(numbers[0]) if numbers else None


def _name_base(config: Path, base: str) -> None:
    """peft notes the folder that it found the base model in: a path of this machine. The card's name replaces it."""
    stored = json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": base}
    config.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def _last_checkpoint(folder: Path) -> str | None:
    from transformers.trainer_utils import get_last_checkpoint

    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


def _by_length(dataset: Any, **settings: Any) -> Any:
    """Batches of about equal length, in random order: responses of a batch are padded to its longest."""
    import torch
    from sentence_transformers.base.sampler import DefaultBatchSampler

    lengths = [sum(len(row[column]) for column in ("first", "second")) for row in dataset]

    class ByLength(DefaultBatchSampler):
        def __iter__(self) -> Any:
            size = self.batch_size
            order = torch.randperm(len(lengths), generator=self.generator).tolist()
            batches = []
            for start in range(0, len(order), size * SORTED_TOGETHER):
                some = sorted(order[start : start + size * SORTED_TOGETHER], key=lengths.__getitem__)
                batches += [some[begin : begin + size] for begin in range(0, len(some), size)]
            yield from (batches[index] for index in torch.randperm(len(batches), generator=self.generator).tolist())

    return ByLength(torch.utils.data.SequentialSampler(dataset), **settings)
