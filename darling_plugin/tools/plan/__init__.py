"""How many replicas of the judge a job needs: one training step as a simulation of discrete events, and `darling plan`.

    shapes.py      the job: prompts × responses, their lengths, which of them are equivalent
    machines.py    rates: GPUs, the trainer's phases, classifiers; each assumption with its unit and source
    generation.py  when each response is finished
    events.py      a queue, R replicas, batches by a budget of tokens: start here
    systems.py     who asks what, and when: all pairs afterwards, streamed and exact, cascade, one encoding each
    outcome.py     one step: what the service did, what was hidden, what the trainer waited for
    advise.py      the fewest replicas that stay within a share of the step; backend and strategy
    request.py     what a user may set, checked
    answer.py      a request's page: counts, costs and advice; as a table and as JSON
    study.py       the grid of docs/service_plan.md; document.py writes its numbers, draw.py its figure
    measure.py     tokens per second of a classifier on this machine
    cli.py         `darling plan`

A new system is a class in `systems.py` and a line in `answer.py`. Nothing here is used by a training run, and nothing
is measured by it but what `measure.py` measures: it is arithmetic on stated assumptions.
"""
