"""verl's platform interface (verl.plugin.platform, 0.9.1), answered by the CPU.

A Ray "GPU" is here a slot for one worker: verl places its workers by that resource, so the job declares as many as it
wants workers (`ray_kwargs.ray_init.num_gpus`).
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import torch

NAME = "cpu"


def _device_module() -> types.ModuleType:
    """`torch.cpu`, completed with the names of `torch.cuda` that verl calls."""
    module = types.ModuleType("darling_plugin_torch_cpu")
    module.__dict__.update({name: value for name, value in vars(torch.cpu).items() if not name.startswith("__")})

    def nothing(*_: Any, **__: Any) -> None:
        return None

    def no_memory(*_: Any, **__: Any) -> int:
        return 0

    def memory(*_: Any, **__: Any) -> tuple[int, int]:
        machine = psutil.virtual_memory()
        return machine.available, machine.total

    for name in ("empty_cache", "ipc_collect", "reset_peak_memory_stats", "reset_max_memory_allocated", "set_device"):
        setattr(module, name, nothing)
    for name in ("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"):
        setattr(module, name, no_memory)
    extra: dict[str, Any] = {
        "mem_get_info": memory,
        "manual_seed": torch.manual_seed,
        "manual_seed_all": torch.manual_seed,
        "get_rng_state": lambda *_: torch.get_rng_state(),
        "set_rng_state": lambda state, *_: torch.set_rng_state(state),
        "current_device": lambda: NAME,
        "get_device_name": lambda *_: NAME,
    }
    module.__dict__.update(extra)
    return module


def register() -> None:
    """Register the platform `cpu` with verl."""
    from verl.plugin.platform.platform_base import PlatformBase
    from verl.plugin.platform.platform_manager import PlatformRegistry

    module = _device_module()

    @PlatformRegistry.register(platform=NAME)
    class PlatformCPU(PlatformBase):
        """One CPU as verl's accelerator."""

        @property
        def device_name(self) -> str:
            return NAME

        @property
        def vendor_name(self) -> str:
            return "generic"

        @property
        def device_module(self) -> types.ModuleType:
            return module

        def is_available(self) -> bool:
            return True

        def current_device(self) -> Any:
            return NAME  # verl passes this on to `tensor.to` and the like; torch has no numbered CPUs

        def device_count(self) -> int:
            return 1

        def set_device(self, device_index: int) -> None:
            pass

        def synchronize(self, device_index: int | None = None) -> None:
            pass

        def manual_seed(self, seed: int) -> None:
            torch.manual_seed(seed)

        def manual_seed_all(self, seed: int) -> None:
            torch.manual_seed(seed)

        def set_allocator_settings(self, settings: str) -> None:
            pass

        def empty_cache(self) -> None:
            pass

        def get_device_capability(self, device_index: int = 0) -> tuple[int | None, int | None]:
            return None, None

        def communication_backend_name(self) -> str:
            return "gloo"

        def visible_devices_envvar(self) -> str:
            return "CUDA_VISIBLE_DEVICES"

        @contextmanager
        def nvtx_range(self, msg: str) -> Iterator[None]:
            yield

        def profiler_start(self) -> None:
            pass

        def profiler_stop(self) -> None:
            pass

        def ray_resource_name(self) -> str:
            return "GPU"

        def ray_noset_envvars(self) -> list[str]:
            return ["RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES"]

        def is_ipc_supported(self) -> bool:
            return False

        def cudart(self) -> Any:
            return None
