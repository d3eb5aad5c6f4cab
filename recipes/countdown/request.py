"""One run of the quickstart: what was asked for, and the folders and the command line that follow from it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from darling_plugin.errors import ConfigError

if TYPE_CHECKING:
    from darling_plugin.countdown.data import Prepared
    from recipes.countdown.learned_similarity import LearnedSimilarity

STEPS = 34
WARM_START_STEPS = 600
CHECKPOINTED_MODEL = ("actor", "huggingface")


class Estimator(str, Enum):
    """What verl is told to estimate advantages with."""

    darling = "darling"
    grpo = "grpo"


class SimilarityChoice(str, Enum):
    """What decides which responses are the same solution."""

    symbolic = "symbolic"
    learned = "learned"


class Trainer(str, Enum):
    """What trains."""

    verl = "verl"
    trl = "trl"


@dataclass(frozen=True)
class Request:
    """What to run.

    Args:
        estimator: darling, or verl's own grpo for comparison.
        similarity: the symbolic one, or one that is trained first.
        steps: of training.
        seed: of data, warm start, similarity and evaluation; verl's rollouts are not seeded.
        warm_start_steps: supervised steps before verl.
        output: where everything is written.
        overrides: further Hydra overrides for main_ppo, of TRL those of the `darling:` node; they have the last word.
        trainer: verl, or TRL with the same settings.
    """

    estimator: Estimator = Estimator.darling
    similarity: SimilarityChoice = SimilarityChoice.symbolic
    steps: int = STEPS
    seed: int = 0
    warm_start_steps: int = WARM_START_STEPS
    output: Path = Path("outputs")
    overrides: tuple[str, ...] = ()
    trainer: Trainer = Trainer.verl

    @property
    def learned(self) -> bool:
        return self.similarity is SimilarityChoice.learned

    @property
    def folder(self) -> Path:
        """Of this kind of run: `quickstart`, and what of it is not the default, such as `quickstart-learned`."""
        grpo, trl = self.estimator is Estimator.grpo, self.trainer is Trainer.trl
        kinds = ((self.estimator, grpo), (self.similarity, self.learned), (self.trainer, trl))
        unusual = [kind.value for kind, named in kinds if named]
        return self.output / "-".join(["quickstart", *unusual])

    @property
    def shared(self) -> Path:
        """What every kind of run uses: data, warm start, similarity."""
        return self.output / "countdown"

    @property
    def trained(self) -> Path:
        """The policy after the last step, as a Hugging Face folder."""
        if self.trainer is Trainer.trl:
            return self.folder / "policy"
        return (self.folder / "checkpoints" / f"global_step_{self.steps}").joinpath(*CHECKPOINTED_MODEL)

    @property
    def title(self) -> str:
        learned = " with a learned similarity" if self.learned else ""
        trl = " in TRL" if self.trainer is Trainer.trl else ""
        return f"Countdown, {self.steps} steps of {self.estimator.value.upper()}{learned}{trl}"

    def command(self, data: Prepared, policy: Path, learned: LearnedSimilarity | None = None) -> list[str]:
        """The command line: what anyone would type to train `policy` on Countdown with this package."""
        if self.trainer is Trainer.trl:
            return self._trl_command(data, policy, learned)
        grpo = self.estimator is Estimator.grpo
        return [
            sys.executable,
            "-m",
            "verl.trainer.main_ppo",
            "+darling=[countdown,cpu]",
            f"algorithm.adv_estimator={self.estimator.value}",
            f"darling.monitor={str(grpo).lower()}",
            f"darling.samples.folder={self.folder / 'samples'}",
            *(["algorithm.norm_adv_by_std_in_grpo=false"] if grpo else []),
            f"data.train_files={data.train}",
            f"data.val_files={data.validation}",
            f"actor_rollout_ref.model.path={policy}",
            f"trainer.total_training_steps={self.steps}",
            f"trainer.save_freq={self.steps}",
            f"trainer.default_local_dir={self.folder / 'checkpoints'}",
            *(learned.overrides if learned else []),
            *self.overrides,
        ]

    def _trl_command(self, data: Prepared, policy: Path, learned: LearnedSimilarity | None) -> list[str]:
        settings = [*(learned.overrides if learned else []), *self.overrides]
        if other := [each for each in settings if not each.startswith("darling.")]:
            raise ConfigError(f"{other[0]}: with --trainer trl only settings of darling.* are taken.")
        return [
            sys.executable,
            "-m",
            "recipes.countdown.trl_train",
            f"--objective={self.estimator.value}",
            f"--data={data.train}",
            f"--policy={policy}",
            f"--folder={self.folder}",
            f"--steps={self.steps}",
            f"--seed={self.seed}",
            *settings,
        ]
