"""`darling export`: a run's checkpoint in, a Hugging Face folder with a model card out.

    checkpoint.py  which checkpoint of a run, what is in it, whether it is whole
    weights.py     its weights in Hugging Face format: verl's own copy of them, or verl's merger
    complete.py    whether the result holds every tensor of the model
    record.py      what the run left behind: its configuration, its metrics, its data files with digests
    pickles.py     whether shards hold nothing but tensors
    card.py        the model card
    markup.py      text as Markdown that shows it and does nothing else
    export.py      the whole export; start here
    cli.py         the command

verl is run, not imported. Its merger unpickles shards, so `pickles.py` first checks what they would run.
"""
