"""Every change to an internal of verl, torch or vLLM that a CPU run needs. Made for verl 0.9.1 with vLLM 0.32."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from packaging.version import Version
from wrapt import register_post_import_hook, wrap_function_wrapper

from darling_plugin.errors import ConfigError

TESTED = {"verl": ("0.9.1", "0.9.2"), "vllm": ("0.32", "0.33")}


def check_versions() -> None:
    """Raise `ConfigError` unless verl and vLLM are the versions that these patches were made for."""
    for package, (oldest, before) in TESTED.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            raise ConfigError(
                f"VERL_PLATFORM=cpu needs {package} >={oldest},<{before}, but it is not installed. "
                "Install with: bash scripts/install.sh."
            ) from None
        if not Version(oldest) <= Version(Version(found).public) < Version(before):
            raise ConfigError(
                f"VERL_PLATFORM=cpu: {package} {found} is installed, but the CPU patches were made for "
                f">={oldest},<{before}. Install that version, or unset VERL_PLATFORM to run on GPUs."
            )


def install() -> None:
    """Patch what is loaded, and what will be once it is loaded."""
    _one_gloo()
    register_post_import_hook(_reload_weights, "verl.workers.rollout.vllm_rollout.utils")
    register_post_import_hook(_pause_by_mode, "vllm.v1.engine.async_llm")
    register_post_import_hook(_wait_asleep, "vllm.distributed.device_communicators.shm_broadcast")
    register_post_import_hook(_own_socket, "verl.workers.rollout.vllm_rollout.bucketed_weight_transfer")
    register_post_import_hook(_poll_often, "verl.trainer.ppo.v1.replay_buffer")
    register_post_import_hook(_no_pinned_memory, "verl.workers.engine.fsdp.transformer_impl")


def _one_gloo() -> None:
    """Ask torch for gloo once.

    verl 0.9.1 (verl/utils/distributed.py) builds the backend string "cpu:gloo,<device>:<backend>", which names the CPU
    twice where the CPU is the device; torch refuses that. Leaving the first half out for device "cpu" would remove
    this patch.
    """
    import torch.distributed

    def init(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            args = ("cpu:gloo" if args[0] == "cpu:gloo,cpu:gloo" else args[0], *args[1:])
        elif kwargs.get("backend") == "cpu:gloo,cpu:gloo":
            kwargs["backend"] = "cpu:gloo"
        return wrapped(*args, **kwargs)

    wrap_function_wrapper(torch.distributed, "init_process_group", init)


def _no_pinned_memory(module: ModuleType) -> None:
    """Let a reference policy (KL in the loss or in the reward) be sharded without pinned memory.

    verl 0.9.1 offloads it with `CPUOffloadPolicy(pin_memory=True)`, and only an accelerator's driver can pin. Asking
    the platform whether it can would remove this patch.
    """
    policy = module.__dict__["CPUOffloadPolicy"]
    module.__dict__["CPUOffloadPolicy"] = lambda pin_memory=True: policy(pin_memory=False)


def _pause_by_mode(module: ModuleType) -> None:
    """Let verl pause vLLM's engine, as the asynchronous trainer modes do before each update of the weights.

    verl 0.9.1 calls `pause_generation(wait_for_inflight_requests=False)`; vLLM 0.32 says `mode="abort"` for that. A
    verl that was made for vLLM 0.32 would remove this patch.
    """

    def pause(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if "wait_for_inflight_requests" in kwargs:
            kwargs["mode"] = "wait" if kwargs.pop("wait_for_inflight_requests") else "abort"
        return wrapped(*args, **kwargs)

    wrap_function_wrapper(module, "AsyncLLM.pause_generation", pause)


def _own_socket(module: ModuleType) -> None:
    """Keep two jobs on one machine from sending each other their weights.

    verl 0.9.1 names the socket that hands new weights to vLLM after Ray's job id. Jobs with a Ray cluster of their own,
    as `ray.init` without an address starts one, are all job 01000000: one may hang, or sample with the other's policy.
    Naming the socket after the cluster too would remove this patch. Here it is the raylet, which is the cluster's
    process on this machine and known to both ends.
    """

    def init(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        handle, *rest = (kwargs.pop("zmq_handle"),) if "zmq_handle" in kwargs else args
        return wrapped(f"{handle}.{os.environ.get('RAY_RAYLET_PID', '')}", *rest, **kwargs)

    wrap_function_wrapper(module, "BucketedWeightSender.__init__", init)
    wrap_function_wrapper(module, "BucketedWeightReceiver.__init__", init)


def _poll_often(module: ModuleType) -> None:
    """Look ten times a second whether a step's rollouts are there.

    verl 0.9.1 looks every two seconds (`ReplayBuffer(poll_interval=2.0)`), which is a good part of a step of a tiny
    model. The constructor takes the interval, but no setting reaches it; one that did would remove this patch.
    """

    def init(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return wrapped(*args, **{"poll_interval": 0.1} | kwargs)

    wrap_function_wrapper(module, "ReplayBuffer.__init__", init)


def _wait_asleep(module: ModuleType) -> None:
    """Let vLLM's worker sleep until its engine has work for it.

    vLLM 0.32 asks for work without pause for a second after the last (`SpinCondition(busy_loop_s=1)`): a core of its
    own on a machine of two, where the requests of a rollout trickle in. Without that it waits for the engine's message,
    as it otherwise does after the second. Now and then such a message is lost (its socket holds one and drops what
    comes before that one is collected), and vLLM looks for what it missed after five seconds; here it looks fifty times
    a second. No setting reaches either; two that did would remove this patch.
    """

    def init(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return wrapped(*args, **{"busy_loop_s": 0.0} | kwargs)

    wrap_function_wrapper(module, "SpinCondition.__init__", init)
    if "SHM_READER_RECHECK_INTERVAL_MS" not in module.__dict__:
        raise ConfigError(
            f"{module.__name__} has no SHM_READER_RECHECK_INTERVAL_MS, so the CPU patches do not work with it."
        )
    module.__dict__["SHM_READER_RECHECK_INTERVAL_MS"] = 20


def _reload_weights(module: ModuleType) -> None:
    """Hand new weights to vLLM through its own reload call.

    verl 0.9.1 loads each bucket of new weights with `model.load_weights`. vLLM's CPU backend repacks linear weights
    after the first load, so loading into the repacked parameters fails; `reload_weights` restores the layout, loads and
    repacks. verl calling `reload_weights` itself would remove this patch. No LoRA, quantisation or draft models here.
    """
    from verl.workers.rollout.vllm_rollout.bucketed_weight_transfer import BucketedWeightReceiver

    def update_weights_from_ipc(
        self: Any, peft_config: dict[str, Any] | None = None, base_sync_done: bool = False, use_shm: bool = False
    ) -> None:
        if peft_config:
            raise ConfigError(
                "actor_rollout_ref.model.lora_rank: LoRA is not supported with VERL_PLATFORM=cpu. Set it to 0."
            )
        received: list[tuple[str, Any]] = []
        receiver = BucketedWeightReceiver(zmq_handle=self._get_zmq_handle(), device=self.device, use_shm=use_shm)
        # Cloned: the buffer that they lie in is reused for the next bucket.
        receiver.receive_weights(
            on_bucket_received=lambda weights, _: received.extend((name, tensor.clone()) for name, tensor in weights)
        )
        self.model_runner.reload_weights(weights_iterator=iter(received))

    module.vLLMColocateWorkerExtension.update_weights_from_ipc = update_weights_from_ipc
