"""An LLM's verdict on texts, from any OpenAI-compatible endpoint.

    question.py    how a judge is asked: texts as data, an answer held to a JSON schema
    pairwise.py    which of two responses is better, asked in both orders
    rubric.py      how good one response is, criterion by criterion
    elo.py         ratings of several models from verdicts, with intervals
    win_rates.py   from verdicts to win rates, and to the judge's bias for a position
    length.py      the win rate at equal length, by logistic regression

The judges are workers (`stage.py`). The words of both are constants with a digest that is among an
evaluation's settings: verdicts to other words are other verdicts.
"""
