"""The adapter for OpenRLHF: `python -m darling_plugin.integrations.openrlhf`, which runs `openrlhf.cli.train_ppo_ray`.

    __main__.py           the command: reads and checks the arguments, starts Ray, runs OpenRLHF
    arguments.py          what of the settings and of OpenRLHF's own arguments must be so; `--help`
    worker.py             run by Ray at the start of each worker: puts the parts below into OpenRLHF
    experience_maker.py   start here: OpenRLHF's experience maker, with the step between rewards and advantages
    experiences.py        OpenRLHF's experiences as `Rollouts`, and results back into them
    classes.py            where the similarity runs
    run_files.py          metrics and sampled groups as `darling report` reads them

OpenRLHF asks a reward function about one response at a time. The first place with whole groups is the experience
maker, in the trainer's process: the rewards of functions, agents and reward models are all in by then, and evaluation
and dynamic filtering, which come earlier, have read pure quality.
"""
