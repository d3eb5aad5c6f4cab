"""`darling eval`: a model's samples, scored, partitioned and summarized, with intervals.

`run.py` has the order: prompts → samples → scores → classes → verdicts → summary. Each arrow is a stage: a file of JSON
lines, one line for each piece of work, written as soon as it is done. A killed run therefore resumes where it stopped,
and shards are files side by side. A summary depends on nothing but those lines.

    cli.py         the commands
    request.py     what is asked for, with each task's defaults
    run.py         the stages in their order
    prompts.py     a prompt, the files that prompts come in, the seed of each sample
    precomputed.py responses that exist already: of another evaluation, or in a file
    tasks/         math, novelty, creative, hard, code, countdown, own; one short file each
    sampling/      where responses come from: vLLM in a process of its own, an endpoint, a file
    scoring/       how good one response is: math-verify, tests of programs, a reward model, a judge, a function
    judging/       an LLM's verdict on two texts, or on one by a rubric; from verdicts to win rates
    partitions.py  which responses are equivalent, by any similarity
    folder.py      the files of one evaluation: settings, prompts, rows; rows.py has the lines
    identity.py    whether two folders hold the same evaluation
    model_check.py  whether a model is there, before vLLM starts
    stage.py       the work that is left, its progress, and what failed
    client.py      all items of a stage, sent to one endpoint
    values.py      the metrics of each prompt
    summary.py     their means and intervals; tables.py prints them
    compare.py     two evaluations on the same prompts
    standings.py   several evaluations by one judge: a table of ratings

A new task is a file in tasks/ and a line in its table; so is a new scorer, in scoring/. Importing this costs nothing.
"""
