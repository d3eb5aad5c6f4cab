"""verl without a GPU: what two jobs on one machine must not do to each other."""

from __future__ import annotations

import os
import subprocess
import sys

TWO_JOBS = """
import asyncio, os, threading

import torch
from verl.workers.rollout.vllm_rollout.bucketed_weight_transfer import BucketedWeightReceiver, BucketedWeightSender

HANDLE = "ipc:///tmp/rl-colocate-zmq-01000000-replica-0-rank-0.sock"  # what verl calls it in every first job

class Job:
    def __init__(self, raylet, value):
        os.environ["RAY_RAYLET_PID"] = raylet
        self.sender = BucketedWeightSender(zmq_handle=HANDLE, bucket_size_mb=1, use_shm=True)
        self.receiver = BucketedWeightReceiver(zmq_handle=HANDLE, device=torch.device("cpu"), use_shm=True)
        self.weight, self.received = torch.full((3,), value), []

    def receive(self):
        keep = lambda weights, _: self.received.extend((name, tensor.clone()) for name, tensor in weights)
        self.receiver.receive_weights(on_bucket_received=keep)

    async def send(self):
        await self.sender.async_send_weights(iter([("weight", self.weight)]))

jobs = [Job("11", 1.0), Job("22", 2.0)]
# Both wait for weights before either sends: with one socket between them, the second sender takes both receivers.
threads = [threading.Thread(target=job.receive) for job in jobs]
threads += [threading.Thread(target=lambda job=job: asyncio.run(job.send())) for job in jobs]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for job in jobs:
    ((name, weight),) = job.received
    assert name == "weight" and torch.equal(weight, job.weight), (name, weight, job.weight)
print("each job has its own weights")
"""


def test_two_jobs_on_one_machine_do_not_get_each_others_weights() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_JOBS],
        env=os.environ | {"VERL_PLATFORM": "cpu", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "each job has its own weights" in done.stdout, done.stderr[-2000:]
