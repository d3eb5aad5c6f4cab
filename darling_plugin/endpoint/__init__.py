"""A client for an OpenAI-compatible endpoint, such as a vLLM server.

    endpoint.py   the address and how it is asked; every setting is checked here
    failures.py   what can go wrong with a request: when to retry, when to skip, when to stop
    client.py     requests with retries, a limit on concurrency, and token counts
    http_rules.py what every server has in common: what is retried, how much is read, how its words are shown
    bounded_client.py   the HTTP client with these limits

`similarity/llm_judge/`, `tools/classifier/label/` and `tools/evaluation/` ask through it.
"""
