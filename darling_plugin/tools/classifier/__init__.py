"""Make a pair classifier: label, train, calibrate, evaluate, ship. `darling classifier …` drives it.

    cli.py            the commands
    label/            pairs of a new domain, labeled by an LLM behind an OpenAI-compatible endpoint
    pairs.py          labeled pairs: read, write, split by prompt, digest
    groups.py         whole groups among labeled pairs
    train.py          from pairs to a folder: start here
    recipe.py         the settings of a training
    learner.py        the training loop; bi_learner.py and cross_learner.py are the two kinds
    training_output.py  what sentence-transformers prints, turned into our progress
    curves.py         the picture of a training
    calibrate.py      temperature and threshold, for a stated aim
    evaluate.py       ROC AUC and the other measures, next to every cheap alternative
    measures.py       the measures themselves
    baselines.py      word overlap, BLEU, ROUGE, embedding cosine …
    cross_validation.py  each prompt's pairs scored by a classifier that never saw the prompt
    results.py        what an evaluation found, and its table; roc_plot.py draws it
    distill.py        a bi-encoder that learns from another similarity
    cascade.py        chooses the two bounds of a cascade

The runtime half, which loads and asks a classifier, is `similarity/classifier/`; the shipped one is in its `default/`,
and recipes/similarity makes it.
"""
