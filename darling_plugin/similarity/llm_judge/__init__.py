"""An LLM behind an OpenAI-compatible endpoint says whether two responses are equivalent.

similarity.py     the similarity named `judge`
ask.py            one question to the judge, and its answer
prompt.py         the prompt; model text goes in as data
definitions.py    what "equivalent" means, by domain
"""
