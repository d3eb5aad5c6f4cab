"""Jobs of whole clusters on simulated nodes of 8 GPUs: verl's own pools first, then the classifier's replicas.

One simulated cluster serves all of them (`place_jobs.py`): importing verl and starting a raylet per node is what costs.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from darling_plugin.errors import ConfigError
from darling_plugin.service.placement import beside, check_memory

PROGRAM = Path(__file__).with_name("place_jobs.py")
DEDICATED = ["darling.service.placement=dedicated", "darling.service.replicas=8"]

READY = {
    # arguments → verl's groups, replicas, GPUs that only the classifier has
    "9x8": (["--size", "72gpu"], 8, 8, 8),
    "8x8, recipe": (["--size", "64gpu"], 8, 64, 0),
    "creative, 8x8": (["--recipe", "creative", "--size", "64gpu"], 4 + 1, 8, 8),
    "3x8": (["--size", "64gpu", "--nodes", "3", "trainer.nnodes=2", *DEDICATED], 2, 8, 8),
}
SHORT = ["--size", "64gpu", "--nodes", "3", "--patience", "10", "trainer.nnodes=2"]
REFUSED = [*SHORT, "darling.service.placement=dedicated", "darling.service.replicas=9"]
BEFORE_VERL = ["--classifier-first", *SHORT, *DEDICATED]


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """Name → what was found; in the order of the cluster's size, the one that verl's start never ends last."""
    jobs = {name: case[0] for name, case in READY.items()} | {"refused": REFUSED, "before verl": BEFORE_VERL}
    out = tmp_path_factory.mktemp("placement") / "found.json"
    command = [sys.executable, "-W", "ignore", str(PROGRAM), str(out), json.dumps(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.exists(), done.stderr[-4000:]
    found = json.loads(out.read_text())
    assert found.keys() == jobs.keys(), done.stderr[-4000:]
    return found


@pytest.mark.parametrize("name", READY)
def test_verl_has_all_its_groups_and_every_replica_a_place(placed, name):
    _, groups, replicas, own = READY[name]
    found = placed[name]
    assert (found["verl_groups"], found["verl_ready"]) == (groups, groups)
    assert (found["replicas"], found["replicas_ready"]) == (replicas, replicas)
    assert found["gpus_of_replicas"] == own
    assert found["predicted"] == "ready"


def test_replicas_that_come_before_verl_keep_it_from_starting(placed):
    """What this order is for: one GPU of each node is enough to stop a job that needs whole nodes."""
    found = placed["before verl"]
    assert found["verl_ready"] < found["verl_groups"] == 2


def test_too_many_replicas_are_refused_and_hold_nothing(placed):
    found = placed["refused"]
    assert found["verl_ready"] == found["verl_groups"] == 2
    assert "only 8 of 9 replicas of 1 GPUs fit" in found["error"]
    assert found["predicted"] == "errors"


class Group:
    def __init__(self, bundles):
        self.bundle_specs = [{"CPU": 3, "GPU": 1}] * bundles


def test_replicas_go_round_the_nodes_first():
    first, second = Group(2), Group(1)
    places = [(slot.group, slot.bundle) for slot in beside([first, second], None, kept_free=0.5)]
    assert places == [(first, 0), (second, 0), (first, 1)]
    assert [slot.group for slot in beside([first, second], 2, kept_free=0.5)] == [first, second]
    with pytest.raises(ConfigError, match=r"replicas=4: .* one of the 3 GPUs that train. Set .*replicas=3 or less"):
        beside([first, second], 4, kept_free=0.5)


def test_a_replica_that_leaves_too_little_for_vllm_says_so():
    gib = 2**30
    check_memory("m", 56 * gib, 80 * gib, 0.7)  # 0.7 × 80 = 56: just enough
    with pytest.raises(ConfigError, match=r"50.0 of 80.0 GiB are free, but vLLM will take 56.0. Set .*=0.62 or less"):
        check_memory("m", 50 * gib, 80 * gib, 0.7)
