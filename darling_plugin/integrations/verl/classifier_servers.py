"""The classifier behind vLLM pooling servers that verl launches, on GPUs outside the job's pools.

verl's own rollout replicas do it, as for a reward model (`RewardModelManager`, verl 0.9.1), under names of ours, so
that a job can have a reward model too. The service balances over the servers itself: verl's router would hide from it
which one failed. verl binds its servers to the node's own address; it can give them no key.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from darling_plugin.config import ServiceSettings

SUFFIX = "darling"


@dataclass(frozen=True)
class Servers:
    """urls[k] of replicas[k]. The replicas are Ray actors of this process and end with it."""

    urls: list[str]
    replicas: list[Any]


def launch_servers(config: DictConfig, settings: ServiceSettings, model: str) -> Servers:
    """Start `darling.service.replicas` servers for the classifier (null is 1); they answer when it returns."""
    from verl.workers.config import HFModelConfig
    from verl.workers.rollout.replica import get_rollout_replica_class

    rollout = server_config(config, settings, model)
    replica = get_rollout_replica_class(rollout.name)
    served: Any = HFModelConfig(path=model)
    replicas = [
        replica(
            replica_rank=rank,
            config=rollout,
            model_config=served,
            gpus_per_node=config.trainer.n_gpus_per_node,
            is_reward_model=True,
            name_suffix=SUFFIX,
        )
        for rank in range(settings.replicas or 1)
    ]

    async def start() -> None:
        await asyncio.gather(*(one.init_standalone() for one in replicas))

    asyncio.run(start())
    return Servers([f"http://{one._server_address}" for one in replicas], replicas)


def server_config(config: DictConfig, settings: ServiceSettings, model: str) -> Any:
    """verl's own settings of a reward model's server, with what a classifier needs."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    served = AutoConfig.from_pretrained(model, trust_remote_code=False)
    positions = served.max_position_embeddings
    decoder = served.model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    rollout = OmegaConf.create(OmegaConf.to_container(config.reward.reward_model.rollout, resolve=True))
    with open_dict(rollout):
        rollout.update(
            name="vllm",
            tensor_model_parallel_size=max(1, round(settings.gpus)),
            prompt_length=positions - 1,  # verl makes the longest input of the two together
            response_length=1,
            max_num_batched_tokens=max(positions, settings.batch_tokens),
            free_cache_engine=False,  # its GPU is its own: nothing to make room for
            enable_sleep_mode=False,
            # Pairs of one group share their first text, which only a decoder can read once for all of them; with these
            # two vLLM does not start on an encoder.
            enable_prefix_caching=decoder,
            enable_chunked_prefill=decoder,
        )
    return rollout
