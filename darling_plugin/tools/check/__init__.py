"""`darling check`: whether a job will start, fit and train, found out before it takes a GPU.

It composes the job as `python -m verl.trainer.main_ppo` would, asks verl's own validation and this plugin's, and then
looks at what neither does. Nothing here touches a GPU; with `--offline`, nothing touches the network.
verl is asked in `compose.py` and `checks/verl_own.py` only.

    run.py        one check from overrides to findings; start here
    compose.py    overrides → verl's whole configuration
    job.py        what every check is given: the configuration, the cluster, offline or not
    finding.py    one thing that is wrong, doubtful, not checked, or missing
    pools.py      which part of the job holds which GPUs, and whether they fit the nodes
    place.py      a placement for the nodes at hand, where the user has not chosen one
    models.py     a model's shape, from its config.json or from a small table
    memory.py     bytes per GPU
    workload.py   what the similarity has to read in one step
    checks/       one short file per kind of check, and their registry
    plan.py       the page that is printed
    cli.py        the command

To add a check: a file in `checks/`, and its line in `checks/__init__.py`.
"""
