"""verl on a machine without a GPU: a platform for verl, and patches for what has no registry. Off by default.

    platform.py   verl's platform interface, answered by the CPU
    patches.py    the changes to verl and torch internals, each with its version and reason

Asked for with VERL_PLATFORM=cpu in the environment of every process of the job. The settings that go with it are in
`configs/darling/cpu.yaml`: +darling=[...,cpu].
"""

from __future__ import annotations

import os


def install() -> None:
    """Register the platform and the patches in this process. Raises `ConfigError` for versions it was not made for."""
    from darling_plugin.cpu import patches

    patches.check_versions()
    # verl 0.9.1 looks engines up by device and registers FSDP for "cuda" and "npu" only; this is its own override.
    os.environ.setdefault("VERL_ENGINE_DEVICE", "cuda")
    # Ray starts a worker per CPU slot ahead of time, and runs workers at nice 15; a few cores cannot afford either.
    os.environ.setdefault("RAY_enable_worker_prestart", "0")
    os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
    os.environ.setdefault("TQ_LOGGING_LEVEL", "ERROR")  # it warns of too few cores, several times a rollout
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; vLLM's own default is half of the memory
    from darling_plugin.cpu import platform

    platform.register()
    patches.install()
