"""The page: who runs where, what a step is, what was found."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from darling_plugin.step import needs_similarity
from darling_plugin.tools.check import memory
from darling_plugin.tools.check.checks.similarity import settings_of, work_of
from darling_plugin.tools.check.finding import Finding
from darling_plugin.tools.check.job import ACTOR, REWARD_MODEL, ROLLOUT, SERVICE, Job
from darling_plugin.tools.check.memory import GIB
from darling_plugin.tools.check.pools import Pool, find_pools, service_of, similarity_replicas
from darling_plugin.tools.check.run import Outcome
from darling_plugin.tools.plan.machines import GPUS, UTILIZATION

# Of one GPU that runs the classifier: 40 % of the peak, which `darling plan` measured on an H200 (plan/machines.py).
TERAFLOPS = round(GPUS["h100"].peak * UTILIZATION / 1e12)
LISTS = {
    "warning": ("Warnings", "yellow"),
    "not checked": ("Not checked", "cyan"),
    "bring": ("Bring these files", "cyan"),
    "error": ("Errors", "red"),
}


def show(outcome: Outcome, console: Console) -> None:
    """Print the page; its last line is `ready`, or the number of errors."""
    job = outcome.job
    if job["trainer.nnodes"] is not None and not _miscounted(outcome):
        console.print(Text(_title(job), style="bold"))
        console.print(_where(job))
        console.print(_table(_step(job)))
        if outcome.placed:
            console.print(Text("Launch with  ", style="bold") + Text(" ".join(outcome.placed)), soft_wrap=True)
    for level, (title, style) in LISTS.items():
        if found := outcome.of(level):
            console.print(_list(title, style, found))
    errors = len(outcome.of("error"))
    said = (
        Text("ready", style="bold green")
        if not errors
        else Text(f"{errors} {'problem' if errors == 1 else 'problems'} to fix", style="bold red")
    )
    console.print(said)


def _miscounted(outcome: Outcome) -> bool:
    from darling_plugin.tools.check.checks import FIRST

    return any(FIRST(outcome.job))


def _title(job: Job) -> str:
    engine = "Megatron" if job.megatron else str(job[f"{ACTOR}.strategy"])
    return f"{job['trainer.project_name']}/{job['trainer.experiment_name']}: {job.estimator}, {engine}, {job.mode}"


def _where(job: Job) -> Table:
    table = Table(
        "pool", "nodes × GPUs", "what runs there", "GiB on a GPU (estimated)", show_edge=False, pad_edge=False
    )
    for pool in find_pools(job):
        slots = f"{pool.bundles} × {pool.size:g}" + (" CPU slots" if job.on_cpu else "")
        table.add_row(pool.name, slots, "\n".join(_tenants(job, pool)), "\n".join(_bytes(job, pool)) or "–")
    if work_of(job) is not None and not similarity_replicas(job).size:
        table.add_row("similarity", _without_gpus(job), "\n".join(_similarity(job)), "\n".join(_beside(job)) or "–")
    return table


def _without_gpus(job: Job) -> str:
    if job[f"{SERVICE}.backend"] == "urls":
        return "servers"
    service = service_of(job)
    if service is None or service.place != "shared":
        return "on CPUs"
    return f"on {similarity_replicas(job).bundles} of the {job.training_gpus} GPUs that train"


def _beside(job: Job) -> Iterator[str]:
    """Of a replica that shares a GPU with the policy."""
    cost = memory.replica(job)
    if cost is not None:
        yield f"classifier {cost / GIB:.1f} of {job.cluster.gpu_memory_gib:.0f}"


def _tenants(job: Job, pool: Pool) -> Iterator[str]:
    if pool.key == "trainer":
        reference = ", reference" if job.needs_reference else ""
        adapter = f", LoRA rank {job.lora_rank}" if job.lora_rank else ""
        split = f", each sequence on {job.model_parallel}" if job.model_parallel > 1 else ""
        yield f"{job['actor_rollout_ref.model.path']}{reference}{adapter}{split}"
    if "samples" in pool.name:
        tensor = int(job[f"{ROLLOUT}.tensor_model_parallel_size"])
        yield f"{pool.gpus // tensor} × {job[f'{ROLLOUT}.name'] or 'rollout engine'}, tensor parallel {tensor}"
    if pool.key == SERVICE:
        yield from _similarity(job)
    if "scores" in pool.name:
        tensor = int(job[f"{REWARD_MODEL}.rollout.tensor_model_parallel_size"])
        yield f"{pool.gpus // tensor} × {job[f'{REWARD_MODEL}.model_path'] or 'reward model'}, tensor parallel {tensor}"


def _similarity(job: Job) -> Iterator[str]:
    asked = work_of(job)
    if asked is not None:
        yield asked.model


def _bytes(job: Job, pool: Pool) -> Iterator[str]:
    total = f"of {job.cluster.gpu_memory_gib:.0f}"
    if job.on_cpu:
        return
    if pool.key == "trainer" and job.policy is not None:
        cost = memory.training(job, job.policy)
        yield f"update {(cost.state + cost.activations) / GIB:.0f} {total} (state {cost.state / GIB:.0f})"
    if "samples" in pool.name and job.policy is not None:
        served = memory.serving(job, job.policy)
        yield f"vLLM {served.taken / GIB:.0f} {total}, cache for {max(0, int(served.sequences))} longest sequences"
    if "scores" in pool.name and job.reward_model is not None:
        served = memory.serving(job, job.reward_model, f"{REWARD_MODEL}.rollout")
        yield f"reward model {served.taken / GIB:.0f} {total}"


def _step(job: Job) -> Iterator[tuple[str, str]]:
    prompts, n = int(job["data.train_batch_size"]), int(job[f"{ROLLOUT}.n"])
    longest, updates = int(job["data.max_response_length"]), prompts / int(job[f"{ACTOR}.ppo_mini_batch_size"])
    responses = prompts * n
    yield (
        "a step",
        f"{prompts} prompts × {n} responses = {responses}; {updates:g} {'update' if updates == 1 else 'updates'}",
    )
    yield "tokens", f"at most {responses * longest:,} sampled, {responses * job.longest:,} with their prompts"
    settings, asked = settings_of(job), work_of(job)
    if settings is not None and not needs_similarity(settings.build_objective()):
        yield "similarity", f"none: the objective {settings.objective!r} uses no similarity"
    if asked is None:
        return
    least, most = (count * prompts for count in asked.per_prompt)
    if asked.reads == "texts":
        yield "similarity", f"{most:,} encodings, one per response; comparing them costs no forward pass"
    else:
        yield "similarity", f"{least:,} (all the same) to {most:,} (all distinct) pairs: n−1 … n(n−1)/2 per prompt"
    work = asked.petaflop(prompts, longest)
    if work is None:
        yield "compute", "unknown, because the size of its model is unknown"
        return
    replicas, service = similarity_replicas(job), service_of(job)
    gpus = replicas.bundles if service is not None and service.place == "shared" else replicas.gpus
    seconds = f": {1000 * work / TERAFLOPS / gpus:.2g} s on {gpus} GPUs at {TERAFLOPS} TFLOP/s" if gpus else ""
    yield "compute", (f"at most {work:.3g} petaFLOP" if work >= 1 else f"at most {1000 * work:.3g} teraFLOP") + seconds


def _table(rows: Iterator[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _list(title: str, style: str, findings: list[Finding]) -> RenderableType:
    lines = [Text(title, style=f"bold {style}")]
    if findings[0].level in ("bring", "not checked"):
        by_key: dict[tuple[str, str], list[str]] = {}
        for finding in findings:
            by_key.setdefault((finding.key, finding.expected), []).append(str(finding.got))
        said = [f"{key}: {', '.join(got)} ({expected})" for (key, expected), got in by_key.items()]
    else:
        said = [finding.text for finding in findings]
    lines += [Text("  • ", style=style) + Text(line) for line in said]
    return Group(*lines)
