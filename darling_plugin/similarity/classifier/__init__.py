"""The learned similarity at run time: load a classifier, read texts or pairs, return P(equivalent).

    similarity.py     start here: the similarity named `classifier`, with a memory of what the model said
    card.py           darling_classifier.json: what a model's folder says beside its weights
    decision.py       from what the model said to P(equivalent); light, needs no torch
    comparing.py      the logits of all pairs of a few texts, as a bi-encoder's card says
    blocks.py         the pairs of a batch, prompt by prompt, for one product of matrices each
    rows.py           what was found out about one text, as one array
    scorer.py         finds and loads the model by name or folder
    forward.py        the forward passes in torch
    batches.py        batches of similar length
    bi_encoder.py     one encoding per response
    cross_encoder.py  one forward pass per pair
    head.py           the loss of a bi-encoder's training, which defines its logit
    lexical_features.py   rare words, names and length: what is compared beside the encodings
    overlap.py        what each two of several sets have in common
    truncation.py     cut a response to a number of tokens, and count the cuts
    memory.py         what the model said, kept by content
    published.py      the authors' checkpoints; published_formats.py has their input formats
    hub.py            whether a name is a folder or a repository on the Hugging Face hub

The shipped classifier, a bi-encoder that reads whole texts, and beside its vectors what can be read off exactly:

    reading.py        what of a text is read: all of a short one, the content words of a long one, in chunks
    segments.py       the forward pass: vectors of the whole text and of its segments
    facts.py          words, numbers, negations, answers and programs of one text, as numbers
    answers.py        the number that a text gives as its answer
    program.py        code up to the names of its variables
    pair_features.py  the thirteen numbers that the logit of a pair is made of, and their signs
    weight_change.py  trained weights as their change from the base model's
    default/          its folder; recipes/similarity makes it

Training, calibration and evaluation are in `tools/classifier/`.
"""

from pathlib import Path

DEFAULT_FOLDER = Path(__file__).parent / "default"
