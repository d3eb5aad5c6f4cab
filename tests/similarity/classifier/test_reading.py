import numpy as np
import pytest
import torch

from darling_plugin.similarity.classifier.bi_encoder import load_encoder
from darling_plugin.similarity.classifier.facts import FactReader
from darling_plugin.similarity.classifier.lexical_features import Reader
from darling_plugin.similarity.classifier.reading import CHUNKS, TokenReader, segment_count
from darling_plugin.similarity.classifier.segments import SegmentForward
from darling_plugin.similarity.classifier.weight_change import apply_change, save_change
from darling_plugin.similarity.packaged import packaged_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder(packaged_encoder(), device="cpu")


@pytest.fixture(scope="module")
def read(encoder):
    return TokenReader(encoder.tokenizer.backend_tokenizer, 10)


def words_of(encoder, reading) -> list[str]:
    return [encoder.tokenizer.decode(chunk) for chunk in reading.chunks]


def test_a_short_text_is_read_in_full_and_a_long_one_without_function_words(encoder, read) -> None:
    short, long = read(["it is not the cat", "the cat and the dog went to the market, and the fox stayed not far"])
    assert words_of(encoder, short) == ["it is not the cat"]
    # 16 tokens; without "the", "and", "to" and the comma: cat dog went market fox stayed not far
    assert words_of(encoder, long) == ["cat dog went market fox stayed not far"]


def test_a_longer_text_is_read_in_chunks_of_equal_length_and_cut_after_the_last(encoder, read) -> None:
    two, cut = read(["cat dog fox owl " * 3, "cat dog fox owl " * 10])
    assert [len(chunk) for chunk in two.chunks] == [6, 6] and not two.truncated
    assert [len(chunk) for chunk in cut.chunks] == [10] * CHUNKS and cut.truncated


def test_characters_that_the_vocabulary_lacks_stay_different(read) -> None:
    first, second, english = read(["ฉันดื่มกาแฟ", "ฉันดื่มชา", "coffee"])
    assert first.chunks != second.chunks
    assert (first.unreadable, english.unreadable) == (True, False)


def test_segments_have_at_least_24_tokens() -> None:
    assert [segment_count(length) for length in (0, 47, 48, 191, 192, 762)] == [1, 1, 2, 7, 8, 8]


def test_vectors_do_not_depend_on_what_is_read_beside(encoder) -> None:
    texts = ["", "a cat", "word " * 60, "other " * 700]
    forward = SegmentForward(encoder, FactReader(Reader(0, {})), 254)
    alone = [forward.vectors(forward.read([text]))[0] for text in texts]
    assert [len(own) for own in alone] == [2, 2, 3, 9]
    for own, beside in zip(alone, forward.vectors(forward.read(texts)), strict=True):
        np.testing.assert_allclose(own, beside, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1, atol=1e-5)


def test_a_stored_change_of_weights_is_what_it_was_to_within_its_rounding(tmp_path) -> None:
    def model(more: float) -> torch.nn.Linear:
        linear = torch.nn.Linear(3, 2)
        with torch.no_grad():
            linear.weight.copy_(torch.arange(6.0).view(2, 3) + more * torch.tensor([[1.0, -0.5, 0.0], [0.0, 0.0, 0.0]]))
            linear.bias.zero_()
        return linear

    save_change(model(0.1), model(0.0), tmp_path)
    back = model(0.0)
    apply_change(back, tmp_path)
    # One scale per row, 0.1 / 127: half of it is the most that rounding can be off.
    torch.testing.assert_close(back.weight, model(0.1).weight, atol=0.1 / 254 + 1e-6, rtol=0)
