"""The experiment: DARLING against its baselines, with seeds, intervals and ablations. The map, in reading order:

    settings.py    one run, and the id that follows from its settings; the methods
    prompts.py     what runs learn from and are measured on
    plan.py        the grids of runs: tuning, main, ablations, verl, quick
    tuning.py      which learning rate each method is compared at
    field.py       the field's objectives side by side; search.py: their learning rates

    loop.py        the training loop, in plain PyTorch
      policy.py      loaded, asked in token ids, decoded; forward.py: responses sampled, and read with gradients
      rewards.py     the plugin's step as a run asks for it; noise.py: errors; char_tokenizer.py: n-grams
      answers.py     what a final answer is, for objectives that count them
      loss.py        the clipped policy loss
      measure.py     what a policy does with prompts
      state.py       the state on disk; streams.py: random numbers that a kill does not change
    verl_run.py    the same run through verl's trainer

    ledger.py      what is done; locks.py: who is at work
    prepare.py     warm starts and learned similarities, made once
    work.py        doing what is not done; __main__.py: the command
    analysis/      tables, tests and pictures

`docs/experiment.md` and `docs/experiment_objectives.md` say what is asked, and were written first. A new question is an
arm in `plan.py`.
"""
