"""The classifiers that are measured, small enough for the repository, and how they were made (`make_models.py`).

text/                       a LoRA adapter that makes MiniLM a pair classifier of short texts
countdown_pairs/            a pair classifier of Countdown responses
countdown_texts/            a bi-encoder of them: the learned similarity of the quickstart
cascade.json                the two together
countdown_responses.jsonl   64 responses of the quickstart's warm start to each of some prompts
"""
