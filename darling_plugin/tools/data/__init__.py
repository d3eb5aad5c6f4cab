"""`darling data`: the recipes' parquet files, from data sets on the Hugging Face hub or from files of your own.

    tasks.py        the sources of `math`, `gsm8k` and `creative`; start here
    prepare.py      one task from its sources to its files; pipeline.py: the filters of one file, in order
    catalogue.py    every data set: name on the hub, pinned revision, files
    hub.py          where a data set's files are: given, in a folder, in the hub's cache, on the hub
    read.py         rows of JSON lines, JSON or parquet
    item.py         one problem or prompt, independent of its source's column names
    math_rows.py   a row of a math set → an item; prompt_rows.py: of WildChat or NoveltyBench
    text_normalization.py  the words of a text, and whether they are English
    checks.py       filters that look at one item: text, flags, language, figures, length; tokens.py: in tokens
    verifiable.py   does math-verify read the reference answer, and tell it from others; near_misses.py: from which
    duplicates.py   exact and near duplicates
    overlap.py      training items that overlap an evaluation item
    funnel.py       how many each filter dropped, and why
    verl_rows.py    verl's schema; a file is whole or not there
    manifest.py     what made each file: sources, settings, counts, digests
    show.py         the tables; cli.py: the commands

Countdown's prompts are made by `darling_plugin/countdown/data.py`, those of kinds by `darling_plugin/kinds/data.py`. A
new data set: its line in `catalogue.py`, a function that turns a row into an item where no present one fits, and its
task in `tasks.py`.
"""
