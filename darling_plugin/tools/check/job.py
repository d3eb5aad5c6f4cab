"""What every check is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from darling_plugin.tools.check.models import Shape, find_shape

ACTOR = "actor_rollout_ref.actor"
ROLLOUT = "actor_rollout_ref.rollout"
REWARD_MODEL = "reward.reward_model"
SERVICE = "darling.service"


@dataclass(frozen=True)
class Cluster:
    """The machines at hand. None: as many as the configuration asks for."""

    nodes: int | None = None
    gpus_per_node: int | None = None
    gpu_memory_gib: float = 80.0

    @property
    def gpus(self) -> int | None:
        return None if self.nodes is None or self.gpus_per_node is None else self.nodes * self.gpus_per_node


@dataclass(frozen=True)
class Job:
    """A composed job and where it is to run. `offline`: names on the hub and missing files are taken on trust."""

    config: DictConfig
    cluster: Cluster = Cluster()
    offline: bool = False

    def __getitem__(self, key: str) -> Any:
        """The value at a full path; None where there is none."""
        return OmegaConf.select(self.config, key)

    @property
    def megatron(self) -> bool:
        return self[f"{ACTOR}.strategy"] == "megatron"

    @property
    def on_cpu(self) -> bool:
        """Whether verl's slots are CPU processes, so that GPUs are not counted and their memory is not estimated."""
        return self["trainer.device"] == "cpu"

    @property
    def estimator(self) -> str:
        return str(self["algorithm.adv_estimator"])

    @property
    def mode(self) -> str:
        return str(self["trainer.v1.trainer_mode"])

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt with the longest response."""
        return int(self["data.max_prompt_length"]) + int(self["data.max_response_length"])

    @property
    def training_gpus(self) -> int:
        return int(self["trainer.nnodes"]) * int(self["trainer.n_gpus_per_node"])

    @property
    def model_parallel(self) -> int:
        """GPUs that share one sequence of a training batch."""
        if self.megatron:
            sizes = ("tensor_model_parallel_size", "pipeline_model_parallel_size", "context_parallel_size")
            product = 1
            for size in sizes:
                product *= int(self[f"{ACTOR}.megatron.{size}"] or 1)
            return product
        return int(self[f"{ACTOR}.ulysses_sequence_parallel_size"] or 1)

    @property
    def lora_rank(self) -> int:
        model = "actor_rollout_ref.model"
        return int(self[f"{model}.lora.rank"] or 0) or int(self[f"{model}.lora_rank"] or 0)

    @property
    def needs_reference(self) -> bool:
        """Whether a frozen copy of the policy is loaded; with LoRA the policy without its adapter serves."""
        wanted = self["algorithm.use_kl_in_reward"] or self[f"{ACTOR}.use_kl_loss"]
        return bool(wanted) and self.lora_rank == 0

    @property
    def policy(self) -> Shape | None:
        return find_shape(self["actor_rollout_ref.model.path"])

    @property
    def reward_model(self) -> Shape | None:
        return find_shape(self[f"{REWARD_MODEL}.model_path"]) if self[f"{REWARD_MODEL}.enable"] else None
