"""Partitions at scale: computed while responses still come in, wherever the similarity's model runs.

    service.py      start here: submit a response, collect a partition
    incremental_group.py  which pairs of a group to score before it is complete
    verdicts.py     from pairs to P: one classifier, or a cascade of two
    cached_model.py each text, or pair, is read once: memory, what is being read, the rest
    memory_file.py  that memory as a file next to a checkpoint
    pool.py         batches over workers, with retries and deadlines
    worker.py       what a worker is, and the one in a thread of this process
    ray_workers.py  replicas as Ray actors
    placement.py    the GPUs of replicas: of their own, or beside the policy
    http_worker.py  servers that already run; protocols.py is what is sent to them
    build.py        from settings to a service
    actor.py        the service as one Ray actor of a job
    counts.py       what it did, for the metrics

Knows no trainer. To add a backend: a `Worker`, and a line in build.py. `tools/plan/` simulates how many replicas a job
needs.
"""
