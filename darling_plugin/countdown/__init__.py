"""Countdown: a task on which a CPU shows in minutes what DARLING does. The map, in reading order:

    task.py       the rules, the parser, every solution of a prompt
    judge.py      similarity `darling_plugin.countdown.judge:equivalent`: same solution or not, exactly
    reward.py     quality for verl's `custom_reward_function`: right or wrong
    data.py       prompts for training, validation and test, as verl's parquet files
    model.py      the policy: a Llama with 0.34M parameters and a character tokenizer
    warmstart.py  supervised steps, so that RL starts from answers that are sometimes right
    evaluate.py   pass@1, pass@k, different right answers
    plot.py       the figure
    report.py     summary.json, curves.png, the table
    progress.py, threads.py   helpers: progress bars, PyTorch's threads

A new task goes into a package of its own beside this one, with the same files.
"""
