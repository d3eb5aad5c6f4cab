"""From the ledger to tables, tests and pictures. Nothing here trains or samples.

    contrast.py        sums of arms, with interval and p-value; Holm's correction
    hypotheses.py      what was claimed before, and what came of it
    equal_quality.py   two methods at equal pass@1
    ablations.py       which difference answers which question
    engines.py         whether the loop does what verl does
    tables.py          Markdown
    pictures.py        PNG
    write.py           all of it into one folder
    field.py           the same for the field's objectives

What is compared, and in which words, was written down first: `docs/experiment.md`, `docs/experiment_objectives.md`.
"""
