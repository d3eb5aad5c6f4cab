"""The adapter for verl: its V1 trainer, and V0 through the function that computes advantages.

    plugin.py          where verl comes in: it loads this module in every process of a job, which only registers hooks
    versions.py        what was tested with which verl, and the checks of verl's version and of Python's
    validate.py        checks a job's configuration before anything is started
    trainer.py         the hook around `_compute_advantage`, wrapped around every registered trainer: start here
    v0.py              the V0 trainer (use_v1=false, verl 0.8) and verl's experimental ones
    run.py             what both hold: settings, step, service, state on disk
    rollouts.py        the batch in TransferQueue as texts, qualities and sessions
    estimator.py       the advantage estimator `darling`
    partitions.py      where classes come from: this process, a thread, Ray actors, servers
    classifier_servers.py  servers for the classifier, launched by verl
    streaming.py       sends each response to the partition service as soon as it is generated
    scores.py          the lowest score that verl's verifiers give, where it is known
    reward_manager.py  the reward manager `darling`: the quality of one response
    samples.py         sampled groups as tables of verl's loggers
    validation.py      classes and pass@k of each validation
    checkpoints.py     what is saved next to verl's checkpoints
    patches.py         the changes to verl internals that have no registry

Hydra finds `+darling=NAME` through `hydra_plugins/`, the namespace in which it looks for plugins.

Data flows one way: rollouts → step → the estimator, which verl's own advantage code calls.
"""
