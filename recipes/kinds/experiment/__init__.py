"""The experiment of `docs/kinds.md`: the methods compared on SmolLM2. The map, in reading order:

    settings.py    one run, and the id that follows from its settings; the methods
    plan.py        the runs: tuning, main; which learning rate each method is compared at
    measure.py     what a policy does with categories, from the answers of each prompt
    rewards.py     the plugin's step as a run asks for it
    loop.py        training on one core
    results.py     finished runs, as the ledger of the Countdown experiment keeps them
    prepare.py     what runs begin with, made once: warm start, learned classifier
    work.py        doing what is not done
    similarities.py   how far the classifiers agree with the exact similarity
    estimates.py   means and differences with their intervals
    analysis.py    tables, pictures, whole groups in words

Ledger, locks, random streams, state, loss, intervals and pictures are those of `recipes/countdown/experiment/`.
"""
