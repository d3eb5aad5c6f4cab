"""The RayJob and the image, as far as they can be looked at without Kubernetes."""

import fnmatch
import re

import pytest
from places import ROOT as PROJECT

yaml = pytest.importorskip("yaml")

CLUSTERS = PROJECT / "scripts/clusters"
JOB = yaml.safe_load((CLUSTERS / "kuberay.yaml").read_text())
HEAD = JOB["spec"]["rayClusterSpec"]["headGroupSpec"]
(WORKERS,) = JOB["spec"]["rayClusterSpec"]["workerGroupSpecs"]


def container(group):
    (only,) = group["template"]["spec"]["containers"]
    return only


def environment(group):
    return {entry["name"]: entry["value"] for entry in container(group)["env"]}


def copies():
    """[(source, target)] of the image's COPY lines."""
    lines = re.findall(r"^COPY (.+)$", (CLUSTERS / "Dockerfile").read_text(), re.MULTILINE)
    return [(source, words[-1]) for words in map(str.split, lines) for source in words[:-1]]


def test_it_is_a_ray_job_that_is_tried_again():
    assert (JOB["apiVersion"], JOB["kind"]) == ("ray.io/v1", "RayJob")
    assert JOB["spec"]["backoffLimit"] > 0 and JOB["spec"]["shutdownAfterJobFinishes"] is True
    assert JOB["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}


def test_what_to_change_is_text_as_kubernetes_wants_annotations():
    assert all(isinstance(value, str) for value in JOB["metadata"]["annotations"].values())


def test_head_and_workers_are_alike():
    for key in ("image", "workingDir", "env", "resources", "volumeMounts"):
        assert container(HEAD)[key] == container(WORKERS)[key]
    assert HEAD["template"]["spec"]["volumes"] == WORKERS["template"]["spec"]["volumes"]


def test_the_job_waits_for_as_many_nodes_as_there_are():
    assert WORKERS["replicas"] == WORKERS["minReplicas"] == WORKERS["maxReplicas"]
    assert environment(HEAD)["NODES"] == str(1 + WORKERS["replicas"])
    # The size of the recipe: 8 nodes of 8 GPUs.
    assert environment(HEAD)["SIZE"] == "64gpu" and 1 + WORKERS["replicas"] == 8
    assert container(HEAD)["resources"]["limits"]["nvidia.com/gpu"] == "8"


def test_the_volumes_that_are_mounted_are_there():
    volumes = {volume["name"] for volume in HEAD["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container(HEAD)["volumeMounts"]} == volumes
    folder = JOB["metadata"]["annotations"]["darling/folder"]
    assert environment(HEAD)["CHECKPOINTS"].startswith(f"{folder}/")


def test_the_entry_point_is_in_the_image():
    script, recipe = JOB["spec"]["entrypoint"].split()[1:3]
    sources = {f"{target}/": source for source, target in copies()}
    (source,) = [PROJECT / at / script.removeprefix(to) for to, at in sources.items() if script.startswith(to)]
    assert source.is_file()
    assert (PROJECT / "recipes" / recipe / "run.sh").is_file() and ("recipes", "/opt/darling/recipes") in copies()


def test_what_is_copied_into_the_image_is_there_and_not_ignored():
    ignored = (CLUSTERS / "Dockerfile.dockerignore").read_text().split()
    assert ignored[0] == "*"
    for source, _ in copies():
        assert (PROJECT / source).exists()
        assert any(fnmatch.fnmatch(source, rule.removeprefix("!")) for rule in ignored if rule.startswith("!"))


def test_the_images_verl_is_the_one_that_is_tested():
    (pinned,) = re.findall(r"^verl==(\S+)$", (PROJECT / "requirements/cpu.txt").read_text(), re.MULTILINE)
    assert f"ARG VERL={pinned}\n" in (CLUSTERS / "Dockerfile").read_text()
