"""The Megatron variants under a real megatron-core: verl's engine loads, and Megatron takes the sizes of each job.

megatron-core is in a folder beside the environment (scripts/install.sh), so these look at it from another process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(sys.prefix) / "megatron"
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not (FOLDER / "megatron").is_dir(), reason=f"no megatron-core in {FOLDER}; scripts/install.sh puts it there"
)

LOOK = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.append(sys.argv[1])
import verl.trainer.ppo.v1
from verl.workers.engine import EngineRegistry
from megatron.core.transformer import TransformerConfig
from recipe_jobs import cases, override
from darling_plugin.tools.check.job import Cluster, Job
from darling_plugin.tools.check.compose import compose_job
from darling_plugin.tools.check.models import find_shape

def megatron(job):
    shape = find_shape(job["actor_rollout_ref.model.path"])
    sizes = job["actor_rollout_ref.actor.megatron"]
    names = ("tensor", "pipeline", "context")
    parallel = {f"{name}_model_parallel_size": sizes[f"{name}_model_parallel_size"] for name in names[:2]}
    config = TransformerConfig(
        num_layers=shape.layers, hidden_size=shape.hidden, ffn_hidden_size=shape.mlp,
        num_attention_heads=shape.heads, num_query_groups=shape.kv_heads, kv_channels=shape.head_size,
        context_parallel_size=sizes["context_parallel_size"], sequence_parallel=sizes["sequence_parallel"], **parallel,
    )
    return [config.tensor_model_parallel_size, config.pipeline_model_parallel_size, config.context_parallel_size]

found = {"engines": sorted(map(str, EngineRegistry._engines["language_model"]))}
for case in cases():
    if case[2] == "megatron":
        found["-".join(case)] = megatron(Job(compose_job([override(*case)]), Cluster(None, None), True))
try:
    job = compose_job([override("math", "darling", "megatron", "8gpu"),
                       "actor_rollout_ref.actor.megatron.tensor_model_parallel_size=3"])
    megatron(Job(job, Cluster(None, None), True))
except ValueError as error:
    found["refused"] = str(error)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def seen():
    process = subprocess.run(
        [sys.executable, "-c", LOOK, str(HERE / "recipes")],
        env=os.environ | {"PYTHONPATH": str(FOLDER), "VERL_LOGGING_LEVEL": "ERROR"},
        text=True,
        capture_output=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def test_verls_engine_loads(seen):
    assert "megatron" in seen["engines"]


def test_megatron_takes_the_sizes_of_every_job(seen):
    jobs = {name: sizes for name, sizes in seen.items() if name not in ("engines", "refused")}
    assert len(jobs) == 2 * 6 * 3  # recipes, variants, and all sizes but smoke
    assert {tuple(sizes) for name, sizes in jobs.items() if "1gpu" not in name} == {(2, 1, 1)}
    assert {tuple(sizes) for name, sizes in jobs.items() if "1gpu" in name} == {(1, 1, 1)}


def test_megatron_refuses_what_does_not_divide(seen):
    assert "num_query_groups (8)" in seen["refused"] or "num_attention_heads (32)" in seen["refused"]
