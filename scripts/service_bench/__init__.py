"""Parts of `scripts/bench_service.py`.

texts.py     groups of responses: made ones of a known structure, and a policy's own
server.py    a real `vllm serve` for a pair classifier
authors.py   their access pattern: one request per pair, 32 at once
limit.py     the bare model's forward passes over ideal batches
long_texts.py  the trainer's part of a step with responses of 8,000 tokens, and the plan's numbers beside it
figures.py   medians, least and most; the table and the JSON
models/      the classifiers that are measured, and `make_models.py`, which made them
"""
