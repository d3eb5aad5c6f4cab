"""The service on a real Ray cluster of two nodes on this machine.

In a folder that comes before `integrations`: a process has one Ray at a time, and those tests keep theirs to the end.
"""

import gc
import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import psutil
import pytest
from tiny_bert import WORDS, make_encoder
from tiny_classifier import make_classifier

from darling_plugin.config import ServiceSettings, SimilaritySettings
from darling_plugin.core import PartitionRule, find_partition
from darling_plugin.errors import ConfigError, SimilarityError
from darling_plugin.service.actor import RemoteService, Sender, actor_name
from darling_plugin.service.counts import Counts
from darling_plugin.service.placement import reserve
from darling_plugin.similarity import ClassifierSimilarity

# Between random sentences the untrained encoder has cosines from 0.72 to 0.98, 0.95 at the 90th percentile.
SHARP = {"scale": 100.0, "bias": -95.0}
HOW = PartitionRule(threshold=0.5, short_text_rule=False)
REPLICAS = 2  # one for each node


# Ray leaves sockets and pipes of its own open, which the garbage collector finds at any moment.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("RAY_worker_niceness", "0")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        cluster.add_node(num_cpus=2)
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster
        ray.shutdown()
        cluster.shutdown()
        gc.collect()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("ray service")
    return str(make_classifier(path / "classifier", make_encoder(path), **SHARP))


@pytest.fixture(scope="module")
def service(cluster, folder):
    """One for all tests of this file: a model takes long to load."""
    service = RemoteService(SimilaritySettings(model=folder), ServiceSettings(replicas=REPLICAS), HOW, "ray")
    yield service


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, size=random.integers(1, 8))) for _ in range(80)]
    return texts, [f"p{row % 10}" for row in range(80)]


@pytest.fixture(scope="module")
def expected(folder, batch):
    judge = ClassifierSimilarity(folder, device="cpu")
    return find_partition(*batch, judge, threshold=0.5, short_text_rule=False).labels.tolist()


def replicas():
    """(node, process) of each replica of this job; waits for one that Ray is starting again."""
    import ray

    job = ray.get_runtime_context().get_job_id()
    names = [name for name in ray.util.list_named_actors() if name.startswith(f"darling-{job}-")]
    return ray.get([ray.get_actor(name).where.options(max_task_retries=-1).remote() for name in names])


def test_the_labels_of_replicas_are_those_of_this_process(service, batch, expected):
    assert 1 < max(expected) < 9  # neither one class nor all distinct
    assert service.partition(*batch).labels.tolist() == expected


def test_responses_that_any_process_sends_are_read_ahead(service, batch):
    import ray

    @ray.remote(num_cpus=0)
    def send(texts, uid):
        sender = Sender()
        for text, name in zip(texts, uid, strict=True):
            sender.submit(name, text)
        return ray.get(sender._actor.counts.remote()).arrived

    texts, uid = batch
    assert ray.get(send.remote(texts, uid)) <= len(texts)
    service.partition(texts, uid)
    counts = service.counts()
    assert counts.read <= len(set(texts)) and counts.cached + counts.read >= len(set(texts))


def test_a_node_that_leaves_takes_no_partition_with_it(cluster, service, batch, expected):
    head = cluster.head_node.node_id
    (other,) = [node for node in cluster.list_all_nodes() if node.node_id != head]
    cluster.remove_node(other)
    assert partition_anew(service, batch) == expected
    assert {node for node, _ in replicas()} == {head}


def test_a_replica_that_is_killed_comes_back_and_changes_nothing(service, batch, expected):
    for _, process in replicas():
        os.kill(process, signal.SIGKILL)
    assert partition_anew(service, batch) == expected
    assert service.counts().failures > 0


def partition_anew(service, batch):
    """The labels, with every text a little different from before: nothing comes out of the memory."""
    texts, uid = batch
    partition_anew.times += 1
    return service.partition([f"{text}{' ' * partition_anew.times}" for text in texts], uid).labels.tolist()


partition_anew.times = 0


def test_the_service_itself_may_be_killed(service, batch, expected):
    import ray

    ray.kill(ray.get_actor(actor_name()), no_restart=False)
    assert service.partition(*batch).labels.tolist() == expected


def test_one_job_has_one_service(service, folder):
    with pytest.raises(ConfigError, match="this Ray job already has a partition service"):
        RemoteService(SimilaritySettings(model=folder), ServiceSettings(replicas=1), HOW, "ray")


DRIVER = """
import sys, ray
from darling_plugin.config import ServiceSettings, SimilaritySettings
from darling_plugin.service.actor import RemoteService
from darling_plugin.service.counts import Counts
from darling_plugin.service.placement import reserve
from darling_plugin.core import PartitionRule

ray.init(address=sys.argv[1], log_to_driver=False, namespace=sys.argv[3])
settings = ServiceSettings(replicas=1)
service = RemoteService(SimilaritySettings(model=sys.argv[2]), settings, PartitionRule(0.5, False), "ray")
assert service.partition(["a fig", "a fig"], [0, 0]).labels.tolist() == [0, 0]
names = [n for n in ray.util.list_named_actors() if n.startswith("darling-") and "service" not in n]
mine = [name for name in names if ray.get_runtime_context().get_job_id() in name]
print(len(names), *(ray.get(ray.get_actor(name).where.remote())[1] for name in mine), flush=True)
sys.stdin.read()
"""


def test_a_second_job_has_its_own_service_and_a_driver_that_is_killed_leaves_nothing(cluster, service, folder):
    import ray

    namespace = ray.get_runtime_context().namespace  # the same one: names alone keep the jobs apart
    command = [sys.executable, "-W", "ignore", "-c", DRIVER, cluster.address, folder, namespace]
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    found, process = map(int, driver.stdout.readline().split())
    assert found == REPLICAS + 1  # those of this job, and its own
    replica = psutil.Process(process)
    driver.kill()
    driver.wait()
    driver.stdout.close()
    driver.stdin.close()
    assert psutil.wait_procs([replica], timeout=60)[1] == []
    assert len(replicas()) == REPLICAS


def test_closing_leaves_no_actor_and_no_process(service):
    """The last test of the service that all share."""
    import ray

    processes = [psutil.Process(process) for _, process in replicas()]
    service.close()
    assert psutil.wait_procs(processes, timeout=60)[1] == []
    job = ray.get_runtime_context().get_job_id()
    assert [name for name in ray.util.list_named_actors() if job in name] == []


def test_a_model_that_cannot_be_loaded_is_one_error(cluster, folder, tmp_path, batch):
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    next(broken.rglob("model.safetensors")).write_bytes(b"nothing")
    service = RemoteService(SimilaritySettings(model=str(broken)), ServiceSettings(replicas=1), HOW, "ray")
    with pytest.raises(SimilarityError, match=r"cannot be started|damaged"):
        service.partition(*batch)
    service.close()


def test_a_service_that_is_gone_for_good_costs_figures_and_not_the_job(cluster, folder, batch):
    import ray

    service = RemoteService(SimilaritySettings(model=folder), ServiceSettings(replicas=1), HOW, "ray")
    ray.kill(ray.get_actor(actor_name()))
    service.pause()
    service.resume()
    assert service.counts() == Counts()
    with pytest.raises(SimilarityError, match="the partition service did not answer"):  # what on_failure decides about
        service.partition(*batch)
    service.close()


def test_a_service_with_gpus_of_its_own_may_be_killed(cluster, folder, batch, expected):
    """The GPU is Ray's word for it: a node says that it has one."""
    import ray

    cluster.add_node(num_cpus=1, num_gpus=1)
    slots = reserve(1, 1.0)
    service = RemoteService(SimilaritySettings(model=folder), ServiceSettings(), HOW, "ray", slots=slots)
    assert service.partition(*batch).labels.tolist() == expected
    ray.kill(ray.get_actor(actor_name()), no_restart=False)
    assert service.partition(*batch).labels.tolist() == expected
    service.close()
