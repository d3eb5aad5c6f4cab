"""Adapters for trainers. Each translates between its host's batches and `darling_plugin.step.Rollouts`, and computes
nothing; nothing outside this folder imports one.

    trl/      a reward function and a trainer subclass for TRL
    verl/     the trainer hook, the estimator, the reward manager, the partition service of a job
    openrlhf/ OpenRLHF's experience maker, and the command that starts it
    command_line.py   `--darling.a.b value` as settings
    versions.py       the trainers' versions that this package was tested with
"""
