"""Countdown: a task on which a CPU shows in minutes what DARLING does. The map, in reading order:

    task.py           the rules, the parser, every solution of a prompt
    judge.py          similarity `darling_plugin.countdown.judge:equivalent`: same solution or not, exactly
    reward.py         quality for verl's `custom_reward_function`: right or wrong
    data.py           prompts for training, validation and test, as verl's parquet files
    model.py          the policy: a Llama with 0.34M parameters and a character tokenizer
    warmstart.py      supervised steps, so that RL starts from answers that are sometimes right
    evaluate.py       pass@1, pass@k, different right answers
    pairs.py          labelled pairs of the policy's responses
    learned_judge.py  a classifier trained on them; agreement.py: how far it agrees with the symbolic judge
    quickstart.py     all of it in order; request.py: what was asked for, verl_job.py: the run of verl
    report.py         summary.json, curves.png (plot.py), the tables
    threads.py        how many threads PyTorch uses
    experiment/       DARLING against its baselines, with seeds and tests: docs/experiment.md

A new task goes into a package of its own beside this one, with the same files.
"""
