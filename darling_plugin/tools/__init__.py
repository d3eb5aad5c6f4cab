"""What surrounds training. The runtime never imports anything from here.

    catalog/      `darling list`: the similarities, objectives, recipes and tasks that are installed
    check/        `darling check`: a job's whole configuration, checked before it starts
    classifier/   `darling classifier`: label, train, calibrate and evaluate a pair classifier
    convert/      `darling convert-reward-model`: a value-head reward model as a sequence classifier
    data/         `darling data`: the recipes' parquet files
    doctor/       `darling doctor`: what is installed, and whether verl finds the plugin
    evaluation/   `darling eval`: sample a model and measure quality and diversity
    export/       `darling export`: a checkpoint as a Hugging Face folder with a model card
    partition/    `darling partition`: the classes of responses in a file
    plan/         `darling plan`: how many classifier replicas a cluster needs, by simulation
    report/       `darling report`: one page of a run
    redact.py     what looks like a secret is left out of what `export` and `report` write
    overrides.py  settings as Hydra and a shell take them
    outputs.py    what a command writes is never what it reads
    hub_reach.py  whether the Hugging Face hub answers; its clients' caches if it does not
    plain_yaml.py a YAML file as data: bounded, and without the environment of this machine

Each command is an entry point in the group `darling.commands`. To add one: a function or a Typer app here, and a line
in pyproject.toml.
"""
