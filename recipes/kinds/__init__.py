"""Kinds: DARLING on a real language model, where the same answer can be worded in many ways. The map:

    base.py          SmolLM2-135M-Instruct, from the package that carries it
    sentences.py     answers made of WordNet's glosses; warmstart.py: what the warm start learns from them
    engine.py        sampling and gradients on one core; policy.py: the same in words
    pairs.py         labeled pairs of responses, for a classifier
    quickstart.py    before and after a short training through verl
    trl_train.py     the same training in TRL; gpu.sh: both at full size, on a GPU
    experiment/      the methods compared: `docs/kinds.md`

The task itself is `darling_plugin/kinds/`. The weights are SmolLM2's (Apache 2.0), the words and glosses WordNet's,
whose license asks for its notice; neither is a part of this repository.
"""
