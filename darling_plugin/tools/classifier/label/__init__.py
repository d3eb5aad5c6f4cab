"""Pairs of a new domain, labeled by an LLM judge behind any OpenAI-compatible endpoint (a vLLM server, for instance).

`run.py` is `darling classifier label`: responses in, labeled pairs out.

    definitions.py   what "the same" means, one definition per domain; to add a domain, write it here
    prompt.py        the question: messages in which the texts are data, the schema of the answer, and reading it
    ask.py           asking one question, of the endpoint that `darling_plugin/endpoint/` knows
    mining.py        from sampled responses to the pairs that are asked
    answers.py       which math responses have equal final answers
    store.py         the files: each pair is written once, a killed run resumes where it stopped
    run.py           all of it in order, and the summary

`similarity/llm_judge/` asks the same judge during training.
"""
