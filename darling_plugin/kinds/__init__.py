"""Kinds: name a kind of something and say something about it, in one sentence. A task of real words for a small model.

    wordnet.py        WordNet's nouns: which words mean the same, and what is a kind of what
    task.py           prompts, responses, which kind a response names, and whether it is right
    data.py           categories for training, validation and test that share no kind
    reward.py         quality: 1.0 for a right response, else 0.0
    similarity.py     `darling_plugin.kinds.similarity:equivalent`: the same kind or not, whatever the wording

The quickstart and the experiment on it are in `recipes/kinds/`.
"""
