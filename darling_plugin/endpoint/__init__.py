"""An OpenAI-compatible endpoint, such as a vLLM server: where it is, how it is asked, and what its failures mean.

    endpoint.py   the address and how it is asked; every setting is checked here
    failures.py   what can go wrong with a request: when it is sent again, when skipped, when all stops
    client.py     asking: retries, a limit on requests at once, tokens

`classifier/label/` and `similarity/judge.py` ask a judge through it, `evaluation/run/` judges and models.
"""
