"""How many replicas of a classifier a job needs: one training step as a discrete-event simulation, and `darling plan`.

    cli.py         `darling plan`
    request.py     what a user may set, checked
    shapes.py      the job: prompts × responses, their lengths, which of them are equivalent
    machines.py    rates: GPUs, the trainer's phases, classifiers; each assumption with its unit and source
    generation.py  when each response is finished
    events.py      a queue, R replicas, batches by a budget of tokens: start here
    systems.py     which responses or pairs are read, and when
    exact_stream.py  the exact partition, streamed; cascade.py: with a cheap classifier before it
    setups.py      the systems with their replicas
    results.py     one step: what the service did, what was hidden, what the trainer waited for
    advise.py      the fewest replicas that stay within a share of the step; backend and strategy
    report.py      a request's page: counts, costs and advice; render.py prints it
    study.py       the grid of docs/service_plan.md; document.py writes its numbers, draw.py its figure
    hook.py        what is left for the trainer's process once a bi-encoder has read a step
    measure.py     tokens per second of a classifier on this machine

A new system is a class in `systems.py` and a line in `report.py`. No training run uses this, and only `measure.py`
measures: the rest is arithmetic on stated assumptions.
"""
