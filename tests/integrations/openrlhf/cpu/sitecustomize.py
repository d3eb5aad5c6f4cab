"""Lets OpenRLHF 0.11.2 train on a CPU: in a test's PYTHONPATH, so that every process of the job loads it.

Nothing of DARLING is here. Each function says what OpenRLHF, torch or vLLM would do without it. What the policy is
given to train on is recorded, too: one JSON line for each micro-batch, in the file that OPENRLHF_RECORD names.
"""

import gc
import json
import os
from pathlib import Path

from wrapt import register_post_import_hook

gc.set_threshold(50_000, 20, 20)  # as in tests/startup: each of its processes imports for ten seconds


def pretend_gpus(ray):
    """OpenRLHF reserves a GPU for each model, and Ray finds none; and two cores are fewer than its actors reserve."""
    start = ray.init

    def init(**options):
        resources = {"num_cpus": 8, "num_gpus": 2, "include_dashboard": False, "object_store_memory": 200_000_000}
        return start(**options | resources)

    ray.init = init


def current_device(torch):
    """OpenRLHF asks torch.cuda where it is, and waits for it, without looking whether it is there."""
    torch.cuda.current_device = lambda: torch.device("cpu")
    for name in ("set_device", "synchronize", "current_stream"):
        setattr(torch.cuda, name, lambda *_: None)


def replay_buffer(module):
    """It spells its device as f"cuda:{current_device()}"."""
    import torch

    class Buffer(module.NaiveReplayBuffer):
        def __init__(self, *arguments, **options):
            cpu, torch.cuda.current_device = torch.cuda.current_device, lambda: 0
            try:
                super().__init__(*arguments, **options)
            finally:
                torch.cuda.current_device = cpu
            self.target_device = torch.device("cpu")

        def append(self, experience):
            if "OPENRLHF_RECORD" in os.environ:
                record(experience)
            super().append(experience)

    module.NaiveReplayBuffer = Buffer


def record(experience):
    rows = zip(experience.sequences, experience.action_mask.bool(), experience.advantages, strict=True)
    line = {
        "index": experience.index,
        "rows": [
            {"tokens": tokens[1:][mask].tolist(), "advantages": advantages[mask].tolist()}
            for tokens, mask, advantages in rows
        ],
        "prompts": experience.prompts,
    }
    with Path(os.environ["OPENRLHF_RECORD"]).open("a") as file:
        file.write(json.dumps(line) + "\n")


def device_mesh(module):
    """OpenRLHF makes a mesh of "cuda"."""
    make = module.init_device_mesh
    module.init_device_mesh = lambda _device, *arguments, **options: make("cpu", *arguments, **options)


def optimizer(module):
    """DeepSpeed compiles its Adam at the first step, which takes a minute and a compiler; torch's does the same."""
    make = module.get_train_ds_config

    def config(*arguments, **options):
        made = make(*arguments, **options)
        if "optimizer" in made:  # not while a model is loaded
            made["optimizer"]["params"]["torch_adam"] = True
        return made

    module.get_train_ds_config = config


def collectives(module):
    """DeepSpeed compiles collectives over shared memory, which takes another minute; without them it uses gloo."""
    module.build_shm_op = lambda: None


class StoreGroup:
    """Sends tensors through vLLM's key-value store, in the place of NCCL."""

    def __init__(self, group):
        self.group = group

    def broadcast(self, tensor, src, stream=None):
        if self.group.rank == src:
            self.group.broadcast_obj(tensor.detach().clone(), src)
        else:
            tensor.copy_(self.group.broadcast_obj(None, src))


def weight_sync(module):
    """New weights go to vLLM by NCCL."""

    def join(host, port, rank, world_size, device):
        from vllm.distributed.utils import StatelessProcessGroup

        return StoreGroup(StatelessProcessGroup.create(host=host, port=port, rank=rank, world_size=world_size))

    module.stateless_init_process_group = join


def weight_loading(module):
    """vLLM's CPU backend repacks linear weights after loading; only `reload_weights`, of all at once, undoes that."""
    import torch

    def update_weight(self, name, dtype, shape, empty_cache=False):
        weight = torch.empty(shape, dtype=dtype)
        self._model_update_group.broadcast(weight, src=0)
        self.__dict__.setdefault("received", []).append((name, weight))
        if empty_cache:  # it comes with the last one
            self.model_runner.reload_weights(weights_iterator=iter(self.__dict__.pop("received")))

    module.WorkerWrap.update_weight = update_weight


if os.environ.get("OPENRLHF_CPU") == "1":
    register_post_import_hook(pretend_gpus, "ray")
    register_post_import_hook(current_device, "torch")
    register_post_import_hook(replay_buffer, "openrlhf.trainer.ppo_utils.replay_buffer")
    register_post_import_hook(device_mesh, "openrlhf.utils.deepspeed.deepspeed")
    register_post_import_hook(optimizer, "openrlhf.utils.deepspeed.deepspeed")
    register_post_import_hook(collectives, "deepspeed.comm.torch")
    register_post_import_hook(weight_sync, "openrlhf.utils.distributed_util")
    register_post_import_hook(weight_loading, "openrlhf.trainer.ray.vllm_worker_wrap")
