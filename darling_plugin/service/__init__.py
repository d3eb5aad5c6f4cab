"""Partitions at scale: worked on while responses come in, on whatever runs the judge.

    service.py      start here: submit a response, collect a partition
    arrivals.py     which pairs of a group to ask about before it is complete
    verdicts.py     from pairs to P: one classifier, or a cascade of two
    asker.py        each text, or pair, is read once: memory, what is under way, the rest
    pool.py         batches over workers; rests, retries, deadlines
    worker.py       what a worker is, and the one in a thread of this process
    ray_workers.py  replicas as Ray actors
    http_worker.py  servers that run already; wire.py is what is sent to them
    build.py        from settings to a service
    actor.py        the service as one Ray actor of a job
    counts.py       what it did
    plan/           how many replicas a job needs: a simulation, and `darling plan`

Knows nothing of verl. A new backend is a `Worker`, and a line in build.py.
"""
