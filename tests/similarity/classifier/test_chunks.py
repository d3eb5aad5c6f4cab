import numpy as np
import pytest

from darling_plugin.similarity.classifier.bi_encoder import load_encoder
from darling_plugin.similarity.classifier.blocks import blocks, number_texts
from darling_plugin.similarity.classifier.forward import TextForward, Tokens, chunked
from darling_plugin.similarity.packaged import packaged_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(packaged_encoder(), device="cpu")


def test_chunks_are_of_equal_length(encoder):
    (encoding,) = Tokens(encoder.tokenizer, 100)(["one two three four five six seven eight nine ten eleven twelve"])
    # 12 tokens of at most 5: three chunks of 4
    assert [len(chunk.ids) for chunk in chunked(encoding, 12)] == [12]
    assert [len(chunk.ids) for chunk in chunked(encoding, 5)] == [4, 4, 4]


def test_a_text_that_was_cut_has_no_more_chunks_than_it_may(encoder):
    (encoding,) = Tokens(encoder.tokenizer, 10)(["one two three four five six seven eight nine ten eleven twelve"])
    assert [len(chunk.ids) for chunk in chunked(encoding, 5)] == [5, 5]


def test_a_long_texts_vector_is_the_mean_of_its_chunks(encoder):
    parts = ["the first half of it", "another second half follows"]  # five and four tokens: five and four again
    whole = TextForward(encoder, 5, most_chunks=4)([" ".join(parts), "short"])
    one, other, short = TextForward(encoder, 5)([*parts, "short"])
    mean = (one + other) / np.linalg.norm(one + other)
    np.testing.assert_allclose(whole, [mean, short], atol=1e-5)


def test_by_chunks_the_end_of_a_text_counts(encoder):
    same_start = ["the same start of both " + end for end in ("then cats", "then prime numbers")]
    head, chunks = TextForward(encoder, 5)(same_start), TextForward(encoder, 5, most_chunks=8)(same_start)
    assert head[0] @ head[1] == pytest.approx(1, abs=1e-5)
    assert chunks[0] @ chunks[1] < 0.99


def test_blocks_hold_every_pair_once_and_few_texts():
    groups = [[(f"{g}-{i}", f"{g}-{j}") for j in range(n) for i in range(j)] for g, n in enumerate([8, 2, 40, 300, 5])]
    pairs = [pair for group in groups for pair in group] + [("0-0", "4-1")]  # a text that comes again, far away
    texts, first, second = number_texts(pairs)
    found = [
        (texts[block.texts[i]], texts[block.texts[j]])
        for block in blocks(first, second)
        for i, j in zip(block.first, block.second, strict=True)
    ]
    assert found == pairs
    assert max(len(block.texts) for block in blocks(first, second)) <= 256
