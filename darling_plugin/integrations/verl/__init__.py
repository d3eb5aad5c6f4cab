"""Everything that knows verl; nothing outside this folder imports it.

    plugin.py          the front door: verl loads it in every process of a job; it only registers hooks
    versions.py        the verl versions that this package was tested with
    validate.py        a job's configuration, checked before anything is started
    rollouts.py        the batch in TransferQueue as plain texts, qualities and sessions
    trainer.py         the hook around `_compute_advantage`, wrapped round every registered trainer
    partitions.py      where partitions come from: nothing, a thread, Ray actors, servers
    classifier_servers.py  servers for the classifier, launched by verl
    streaming.py       each response to the partition service, the moment it is generated
    estimator.py       the advantage estimator `darling`
    reward_manager.py  the reward manager `darling`: the quality of one response
    samples.py         whole groups as JSON lines and logger tables
    patches.py         the changes to verl internals that have no registry

Where Hydra finds `+darling=...` is in `hydra_plugins/`: Hydra looks for its plugins there.

Data flows one way: rollouts -> core.run_pipeline -> the estimator, called by verl's own advantage code.
"""
