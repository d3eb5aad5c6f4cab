"""What can be read off a text without a model: its words, its numbers, whether it negates, what is only wrapping.

    plain.py        a text without Unicode's variants, Markdown and LaTeX wrapping; a text without phrases of courtesy
    words.py        the words of a text as its script has them
    facts.py        numbers and negations
    numerals.py     numbers that are written as words
    short_text.py   the rule `form`: the verdict on two texts where their form settles it

Everything that splits a response into words uses `words.py`: n-gram diversity, lexical similarity, distinct-n,
self-BLEU and the rule for short texts.
"""
