"""The Megatron variants under a real megatron-core: verl's engine loads, and Megatron takes the sizes of each job.

megatron-core is in a folder beside the environment (scripts/install.sh), so these look at it from another process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from composed_once import compose_once
from recipe_jobs import cases, override

from darling_plugin.tools.check.job import Cluster, Job
from darling_plugin.tools.check.models import find_shape

FOLDER = Path(sys.prefix) / "megatron"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "megatron").is_dir(), reason=f"no megatron-core in {FOLDER}; scripts/install.sh puts it there"
)

LOOK = """
import json, sys, warnings
warnings.simplefilter("ignore")
import verl.trainer.ppo.v1
from verl.workers.engine import EngineRegistry
from megatron.core.transformer import TransformerConfig

found = {"engines": sorted(map(str, EngineRegistry._engines["language_model"])), "taken": {}, "refused": {}}
for name, sizes in json.load(sys.stdin).items():
    try:
        made = TransformerConfig(**sizes)
    except ValueError as error:
        found["refused"][name] = str(error)
        continue
    parallel = (made.tensor_model_parallel_size, made.pipeline_model_parallel_size, made.context_parallel_size)
    found["taken"][name] = parallel
print(json.dumps(found))
"""


def sizes(*job: str) -> dict[str, object]:
    """What verl makes Megatron's configuration of: the policy's shape, and the job's way to divide it."""
    composed = Job(compose_once(job), Cluster(None, None), True)
    shape = find_shape(composed["actor_rollout_ref.model.path"])
    divided = composed["actor_rollout_ref.actor.megatron"]
    names = ("tensor_model_parallel_size", "pipeline_model_parallel_size", "context_parallel_size", "sequence_parallel")
    return {
        "num_layers": shape.layers,
        "hidden_size": shape.hidden,
        "ffn_hidden_size": shape.mlp,
        "num_attention_heads": shape.heads,
        "num_query_groups": shape.kv_heads,
        "kv_channels": shape.head_size,
        **{name: divided[name] for name in names},
    }


@pytest.fixture(scope="module")
def seen():
    jobs = {"-".join(case): sizes(override(*case)) for case in cases() if case[2] == "megatron"}
    three = "actor_rollout_ref.actor.megatron.tensor_model_parallel_size=3"
    jobs["by three"] = sizes(override("math", "darling", "megatron", "8gpu"), three)
    process = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=os.environ | {"PYTHONPATH": str(FOLDER), "VERL_LOGGING_LEVEL": "ERROR"},
        input=json.dumps(jobs),
        text=True,
        capture_output=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def test_verls_engine_loads(seen):
    assert "megatron" in seen["engines"]


def test_megatron_takes_the_sizes_of_every_job(seen):
    jobs = seen["taken"]
    assert len(jobs) == 2 * 6 * 3  # recipes, variants, and all sizes but smoke
    assert {tuple(sizes) for name, sizes in jobs.items() if "1gpu" not in name} == {(2, 1, 1)}
    assert {tuple(sizes) for name, sizes in jobs.items() if "1gpu" in name} == {(1, 1, 1)}


def test_megatron_refuses_what_does_not_divide(seen):
    assert seen["refused"].keys() == {"by three"}
    said = seen["refused"]["by three"]
    assert "num_query_groups (8)" in said or "num_attention_heads (32)" in said
