"""`darling eval`: a model's samples, scored, partitioned and summed up, with intervals.

`run.py` is the order of things: prompts → samples → scores → classes → verdicts → summary. Each arrow is a stage: a
file of JSON lines, one line for each piece of work, written as soon as it is done. A run that was killed therefore goes
on where it ended, and shards are files side by side. Nothing of a summary is kept anywhere else than in those lines.

    request.py     what is asked for, with what each task takes for granted
    prompts.py     a prompt, the files that prompts come in, the seed of each sample
    given.py       responses that exist already: of another evaluation, or a file
    tasks/         math, novelty, creative, countdown, own; one short file each
    sampling/      who writes the responses: vLLM in a process of its own, an endpoint, a file
    scoring/       who says how good one response is: math-verify, a reward model, a judge, a function
    judging/       an LLM's verdict on two texts, or on one by a rubric; how verdicts become win rates
    partitions.py  which responses are equivalent, by any similarity
    folder.py      the files of one evaluation: settings, prompts, rows; rows.py has the lines
    stage.py       the work that is left, its progress, and what failed
    client.py      all items of a stage, asked of one endpoint
    child.py       a function in a process that may hang
    values.py      the metrics of each prompt
    summary.py     their means and intervals; tables.py prints them
    compare.py     two evaluations on the same prompts
    cli.py         the commands

A new task is a file in tasks/ and a line in its table; so is a new scorer, in scoring/. Importing this costs nothing.
"""
