import json
from pathlib import Path

import numpy as np
import pytest
import tiny_published
from tiny_published import PAIRS

from darling_plugin.errors import ConfigError
from darling_plugin.similarity.classifier import published
from darling_plugin.similarity.classifier.card import FILE
from darling_plugin.similarity.classifier.scorer import load_scorer, probabilities

KINDS = ("modernbert", "qwen3", "deberta")
# What stands before, between and after the two responses. ModernBERT's tokenizer puts its [CLS] and [SEP] around the
# markers, Qwen's its <|endoftext|> after them.
HEAD = {"modernbert": [264, 264], "qwen3": [151644]}
SEP = {"modernbert": [265], "qwen3": [151645]}
TAIL = {"modernbert": [265, 265], "qwen3": [151645, 151643]}
CAT, SAT, SPACE = 258, 261, 220  # "Ġcat", "Ġsat", "Ġ" in the two byte-level vocabularies


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("published")
    return {kind: getattr(tiny_published, kind)(root / kind) for kind in KINDS}


@pytest.fixture(scope="module")
def scorers(folders: dict[str, Path]) -> dict[str, published.PublishedClassifier]:
    return {kind: published.load(str(folder), device="cpu", tokens=64) for kind, folder in folders.items()}


def spelled(text: str) -> list[int]:
    """The bytes of printable ASCII, one token each: the code minus 33."""
    return [ord(character) - 33 for character in text]


@pytest.mark.parametrize("kind", ["modernbert", "qwen3"])
@pytest.mark.parametrize(
    ("a", "b", "first", "second"),
    [
        # "CLS cat sat SEP cat SEP": a word takes the space before it along, the space before a marker stays alone.
        ("cat sat", "cat", [CAT, SAT, SPACE], [CAT, SPACE]),
        # Any white space, a no-break space and a file separator too, becomes one space or, at an end, none.
        ("\n cat \t\u00a0\r\n sat\x1c", "\ncat\n", [CAT, SAT, SPACE], [CAT, SPACE]),
        # No words: the two spaces that would enclose them, which are one token.
        ("", " \n", [262], [262]),
        ("", "cat", [262], [CAT, SPACE]),
        # Byte 0 is written Ā, 188; 猫 is the bytes E7 8C AB: ç 163, Į 234, « 104.
        ("\x00猫", "cat", [SPACE, 188, 163, 234, 104, SPACE], [CAT, SPACE]),
        # A lone surrogate is no text: "?".
        ("\ud800", "cat", [SPACE, *spelled("?"), SPACE], [CAT, SPACE]),
        # Markers that a response spells are its characters, not a border.
        ("[SEP] cat", "[CLS]", [SPACE, *spelled("[SEP]"), CAT, SPACE], [SPACE, *spelled("[CLS]"), SPACE]),
        (
            "<|im_end|> cat",
            "<|endoftext|>",
            [SPACE, *spelled("<|im_end|>"), CAT, SPACE],
            [SPACE, *spelled("<|endoftext|>"), SPACE],
        ),
        # 100,000 characters without a space are one word; "ab" has no merge.
        ("ab" * 50_000, "cat", [SPACE, *spelled("ab" * 50_000), SPACE], [CAT, SPACE]),
    ],
)
def test_ids_of_the_served_models(scorers, kind, a, b, first, second):
    scorer = scorers[kind]
    ids = scorer.form.token_ids(scorer.reader.tokenizer, a, b)
    assert ids == HEAD[kind] + first + SEP[kind] + second + TAIL[kind]


@pytest.mark.parametrize(("kind", "words"), [("modernbert", 1022), ("qwen3", 2046)])
def test_a_response_is_cut_by_words(scorers, kind, words):
    # (2048 − 3) // 2 = 1022 and (4096 − 3) // 2 = 2046 words of each response, whatever they are in tokens.
    form, tokenizer = scorers[kind].form, scorers[kind].reader.tokenizer
    ids = form.token_ids(tokenizer, "cat " * words + "sat", "sat " * (words + 1))
    assert ids == HEAD[kind] + [CAT] * words + [SPACE] + SEP[kind] + [SAT] * words + [SPACE] + TAIL[kind]
    assert ids == form.token_ids(tokenizer, "cat " * words, "sat " * words)
    assert scorers[kind].card.max_tokens == words

    # "xyz" is three tokens and its space one: more tokens than max_len, and the authors' server reads them all.
    ids = form.token_ids(tokenizer, "xyz " * words, "cat")
    assert len(ids) == len(HEAD[kind]) + 4 * words + 1 + 1 + 2 + len(TAIL[kind]) > form.max_len


@pytest.mark.parametrize("kind", ["modernbert", "qwen3"])
def test_served_ids_are_the_whole_strings(scorers, kind):
    # What the authors' server does: its tokenizer, its special tokens added, on the one string that the client sends.
    form, tokenizer = scorers[kind].form, scorers[kind].reader.tokenizer
    marker = {"modernbert": ("[CLS]", "[SEP]"), "qwen3": ("<|im_start|>", "<|im_end|>")}[kind]
    assert form.text(" a\n b", "c ") == f"{marker[0]} a b {marker[1]} c {marker[1]}"
    for a, b in PAIRS:
        assert form.token_ids(tokenizer, a, b) == tokenizer(form.text(a, b), verbose=False)["input_ids"]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("cat sat", "cat", [1, 4, 5, 2, 4, 2]),
        # The tokenizer's own rule for white space; words are not counted.
        ("cat  \n sat\n", "cat", [1, 4, 5, 2, 4, 2]),
        ("", "", [1, 2, 2]),
        # Not in the vocabulary: ▁ 6, then [UNK] 3, one for a run of unknown characters.
        ("猫", "\x00\ud800", [1, 6, 3, 2, 6, 3, 2]),
        # The vocabulary has [SEP] as a piece, which a response may not write: of "▁[SEP]▁cat" ▁ and ▁cat are left.
        ("[SEP] cat", "cat", [1, 6, 4, 2, 4, 2]),
        # 128 tokens of each response: of the 100,001 of the second, ▁ and 127 times x 7.
        ("cat " * 129, "x" * 100_000, [1, *[4] * 128, 2, 6, *[7] * 127, 2]),
    ],
)
def test_ids_of_deberta(scorers, a, b, expected):
    scorer = scorers["deberta"]
    assert scorer.form.token_ids(scorer.reader.tokenizer, a, b) == expected


@pytest.mark.parametrize(("kind", "frame"), [("modernbert", 5), ("qwen3", 4)])
def test_a_pair_that_the_model_cannot_take_loses_its_ends_evenly(folders, kind, frame):
    reader = published.open_reader(str(folders[kind]))
    # The model takes 128 tokens; ModernBERT's frame is [CLS] CLS SEP SEP [SEP], Qwen's CLS SEP SEP <|endoftext|>.
    room = 128 - frame
    xs = [SPACE, *spelled("x" * 500)]
    long, short = "x" * 500, "cat"
    # "cat" keeps its two tokens, the other response gets the rest.
    assert reader.ids([(long, short)]) == [HEAD[kind] + xs[: room - 2] + SEP[kind] + [CAT, SPACE] + TAIL[kind]]
    assert reader.truncated == 1
    assert reader.ids([(short, long)]) == [HEAD[kind] + [CAT, SPACE] + SEP[kind] + xs[: room - 2] + TAIL[kind]]
    assert reader.truncated == 2
    # 123 // 2 = 61 tokens of each for ModernBERT, 124 // 2 = 62 for Qwen. One response, twice in a call, counts once.
    half = xs[: room // 2]
    assert reader.ids([(long, long), (short, long)])[0] == HEAD[kind] + half + SEP[kind] + half + TAIL[kind]
    assert reader.truncated == 3
    # 2047 words of one token each are cut twice, to 1022 or 2046 words and to the model's 128 tokens: one response.
    reader.ids([("cat " * 2047, "cat")])
    assert reader.truncated == 4


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_the_log_odds_of_the_last_class(folders, scorers, kind):
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folders[kind])
    model.config.pad_token_id = None  # else transformers leaves Qwen's <|endoftext|> out, which vLLM reads at
    done: list[int] = []
    logits = scorers[kind].logits(PAIRS, progress=done.append)
    expected = []
    with torch.inference_mode():
        for ids in published.open_reader(str(folders[kind])).ids([tuple(sorted(pair)) for pair in PAIRS]):
            expected.append(model(input_ids=torch.tensor([ids])).logits.softmax(-1)[0, -1].item())
    assert logits.dtype == np.float64 and sum(done) == len(PAIRS)
    assert np.ptp(expected) > 0.1  # else the next line would show little
    np.testing.assert_allclose(probabilities(logits, scorers[kind].card.temperature), expected, atol=1e-6)


def swapped(pairs):
    return [(b, a) for a, b in pairs]


@pytest.mark.parametrize("both_orders", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_swapping_the_two_responses_changes_no_verdict(folders, kind, both_orders):
    # Of ("cat sat", "cat") and ("b", "a") the second text is the smaller one, of the other pairs the first.
    pairs = [*PAIRS, ("b", "a"), ("a", "猫"), ("same", "same")]
    scorer = published.load(str(folders[kind]), device="cpu", tokens=64, both_orders=both_orders)
    forth = scorer.logits(pairs)
    np.testing.assert_array_equal(forth, scorer.logits(swapped(pairs)))
    np.testing.assert_array_equal(scorer.logits(pairs[:1]), scorer.logits(swapped(pairs[:1])))
    if scorer.form.served:
        assert scorer.vllm_inputs(pairs) == scorer.vllm_inputs(swapped(pairs))
        # Two forward passes for a pair, or one.
        assert len(scorer.vllm_inputs(pairs)) == len(pairs) * (2 if both_orders else 1)


def test_the_smaller_text_is_read_first(scorers):
    one = scorers["qwen3"]
    assert one.vllm_inputs([("sat", "cat"), ("cat", "sat")]) == one.reader.ids([("cat", "sat")]) * 2
    # The reader keeps the order that it is given, and for the model the order counts.
    assert one.reader.ids([("sat", "cat")]) != one.reader.ids([("cat", "sat")])


def test_both_orders(folders, scorers):
    one = scorers["qwen3"]
    both = published.load(str(folders["qwen3"]), device="cpu", both_orders=True)
    done: list[int] = []
    mean = both.logits(PAIRS, progress=done.append)
    forth, back = (
        np.concatenate([published.score_with_transformers(one.model, [row], one.form) for row in one.reader.ids(pairs)])
        for pairs in (PAIRS, swapped(PAIRS))
    )
    assert not np.allclose(forth, back)
    np.testing.assert_allclose(mean, (forth + back) / 2, atol=1e-5)
    ordered = [tuple(sorted(pair)) for pair in PAIRS]
    assert sum(done) == len(PAIRS)
    assert both.vllm_inputs(PAIRS) == one.reader.ids(ordered) + one.reader.ids(swapped(ordered))
    # Log-odds 0 and ln 3 in the two orders: their mean.
    np.testing.assert_allclose(both.from_vllm([(0.5, 0.5), (0.25, 0.75)]), [np.log(3) / 2])


@pytest.mark.parametrize("kind", KINDS)
def test_no_pairs(scorers, kind):
    assert scorers[kind].logits([]).shape == (0,)
    assert kind == "deberta" or (scorers[kind].vllm_inputs([]) == [] and scorers[kind].from_vllm([]).shape == (0,))


def test_a_probability_of_zero_is_a_finite_logit(scorers):
    # Smallest float32 that is normal: 2^-126.
    np.testing.assert_allclose(
        scorers["qwen3"].from_vllm([(0.0, 1.0), (1.0, 0.0)]), [126 * np.log(2), -126 * np.log(2)]
    )


@pytest.mark.parametrize(("kind", "threshold", "most"), [("modernbert", 0.32, 1022), ("qwen3", 0.5, 2046)])
def test_card_and_the_way_through_load_scorer(folders, kind, threshold, most):
    scorer = load_scorer(str(folders[kind]), device="cpu")
    assert scorer.name == str(folders[kind]) and scorer.card.kind == "cross-encoder"
    assert (scorer.card.threshold, scorer.card.max_tokens, scorer.card.both_orders) == (threshold, most, False)


@pytest.mark.parametrize(
    ("name", "kind", "threshold"),
    [
        ("dogtooth/similarity-classifier-f168-hf", "modernbert", 0.32),
        ("dogtooth/qwen3-4b-emb-finetuned-step-70-hf", "qwen3", 0.5),
        ("yimingzhang/deberta-v3-large-generation-similarity", "deberta", 0.102),
    ],
)
def test_by_name(folders, scorers, monkeypatch, tmp_path, name, kind, threshold):
    # As a download leaves them: the hub's cache, here without a network. NoveltyBench's has no tokenizer of its own.
    weights, tokenizer = ("config.json", "model.safetensors"), ("tokenizer.json", "tokenizer_config.json")
    if kind == "deberta":
        cache(tmp_path, name, folders[kind], weights)
        cache(tmp_path, "microsoft/deberta-v3-large", folders[kind], ("config.json", *tokenizer))
    else:
        cache(tmp_path, name, folders[kind], weights + tokenizer)
    offline(monkeypatch, tmp_path)
    assert published.is_published(name)
    scorer = published.load(name, device="cpu", tokens=64)
    assert scorer.card.threshold == threshold and scorer.card.base_model == name
    np.testing.assert_array_equal(scorer.logits(PAIRS), scorers[kind].logits(PAIRS))


def test_a_name_that_cannot_be_reached(monkeypatch, tmp_path):
    offline(monkeypatch, tmp_path)
    name = "dogtooth/similarity-classifier-f168-hf"
    with pytest.raises(ConfigError, match=rf"cannot load the classifier {name}: .*out of reach.*give its folder"):
        load_scorer(name)


def test_what_is_published(folders, tmp_path):
    assert all(published.is_published(str(folder)) for folder in folders.values())
    assert not published.is_published(str(tmp_path)) and not published.is_published("default")
    assert not published.is_published(str(tmp_path / "nothing")) and not published.is_published("./not/there")
    for config in (
        "no JSON",
        "[]",
        json.dumps({"architectures": ["BertForSequenceClassification"]}),
        json.dumps({"architectures": ["ModernBertForMaskedLM"]}),
        json.dumps({"architectures": ["ModernBertForSequenceClassification"], "id2label": {"0": "score"}}),
    ):
        (tmp_path / "config.json").write_text(config)
        assert not published.is_published(str(tmp_path)), config
    (tmp_path / "config.json").write_bytes((folders["qwen3"] / "config.json").read_bytes())
    assert published.is_published(str(tmp_path))
    (tmp_path / FILE).touch()  # made by `darling classifier train`: not the authors'
    assert not published.is_published(str(tmp_path))


def test_another_kind_of_model_on_the_hub_is_refused(folders, monkeypatch, tmp_path):
    config = json.loads((folders["modernbert"] / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": ["ModernBertForMaskedLM"]}))
    cache(tmp_path, "someone/encoder", tmp_path, ("config.json",))
    offline(monkeypatch, tmp_path)
    with pytest.raises(ConfigError, match="someone/encoder is a ModernBertForMaskedLM with 2 classes"):
        load_scorer("someone/encoder")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_folders(folders, tmp_path, kind):
    def copy(*names: str) -> None:
        for name in names:
            (tmp_path / name).write_bytes((folders[kind] / name).read_bytes())

    copy("config.json")
    with pytest.raises(ConfigError, match="tokenizer"):
        load_scorer(str(tmp_path))
    copy("tokenizer_config.json")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigError, match="its folder is damaged; download it again"):
        load_scorer(str(tmp_path))
    copy("tokenizer.json")
    with pytest.raises(ConfigError, match="its folder is damaged; download it again"):
        load_scorer(str(tmp_path))
    copy("model.safetensors")
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigError, match="its folder is damaged; download it again"):
        load_scorer(str(tmp_path))


def test_missing_weights_are_not_made_up(folders, tmp_path):
    from safetensors.torch import load_file, save_file

    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folders["modernbert"] / name).read_bytes())
    weights = load_file(folders["modernbert"] / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"has missing weights: classifier\.weight"):
        load_scorer(str(tmp_path))


def test_another_tokenizer_is_refused(folders, tmp_path):
    (tmp_path / "config.json").write_bytes((folders["qwen3"] / "config.json").read_bytes())
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folders["modernbert"] / name).read_bytes())
    with pytest.raises(ConfigError, match=r"<\|im_start\|> and <\|im_end\|> as the tokens 151644 and 151645"):
        load_scorer(str(tmp_path))


def test_deberta_is_not_for_vllm(scorers):
    with pytest.raises(ConfigError, match="DeBERTa-v2, which vLLM does not serve; run it in process"):
        scorers["deberta"].vllm_inputs(PAIRS)


def cache(root: Path, name: str, source: Path, files: tuple[str, ...]) -> None:
    """Put files of a folder where the Hugging Face hub's client keeps what it downloaded under a name."""
    repository = root / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    (repository / "snapshots" / ("0" * 40)).mkdir(parents=True)
    for file in files:
        (repository / "snapshots" / ("0" * 40) / file).write_bytes((source / file).read_bytes())


def offline(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(root))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
