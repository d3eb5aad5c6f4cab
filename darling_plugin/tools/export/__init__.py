"""`darling export`: a run's checkpoint in, a Hugging Face folder with a model card out.

    checkpoint.py  which checkpoint of a run, what is in it, whether it is whole
    weights.py     its weights in Hugging Face format: verl's own copy of them, or verl's merger
    complete.py    whether what came out holds every tensor of the model
    record.py      what the run left behind: its configuration, its metrics, its data files with digests
    redact.py      what must not leave with the configuration: passwords and tokens
    card.py        the model card
    markup.py      text as Markdown that shows it and does nothing else
    export.py      all of it: start here
    cli.py         the command

verl is run, not imported. Its merger unpickles FSDP shards: export only checkpoints that you trust.
"""
