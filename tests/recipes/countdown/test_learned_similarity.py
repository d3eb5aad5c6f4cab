"""Pairs, the classifier that learns from them, and how far it agrees with the symbolic one."""

import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from darling_plugin.countdown.data import Prompt
from darling_plugin.countdown.similarity import equivalent
from darling_plugin.countdown.task import parse
from darling_plugin.tools.classifier.groups import complete_groups
from recipes.countdown import pairs as module
from recipes.countdown.agreement import agreement
from recipes.countdown.learned_similarity import build_encoder, learn_similarity, recipe
from recipes.countdown.pairs import every_pair, labelled_pairs, make_pairs, neighbour, respelt
from recipes.countdown.warmstart import WarmStart

PROMPT = Prompt((3, 8, 1, 7, 2), 19)
RESPONSES = ["3*7-2", "7*3-2", "8+7+3+1", "1+2", "3*+7", "3*7-2", ""]


def test_pairs_are_of_different_texts_labelled_by_the_symbolic_similarity():
    pairs = make_pairs([PROMPT], [RESPONSES])
    assert {pair.prompt for pair in pairs} == {"38172=19:"}
    assert [pair.similar for pair in pairs] == equivalent([pair.texts for pair in pairs])
    assert all(pair.first != pair.second for pair in pairs)
    assert len({frozenset(pair.texts) for pair in pairs}) == len(pairs)


def test_pairs_hold_every_two_responses_and_more_of_both_kinds():
    pairs = make_pairs([PROMPT], [RESPONSES])
    own = [pair for pair in pairs if {*pair.texts} <= {*RESPONSES}]
    assert len(own) >= 15  # 6 different texts, 15 pairs
    similar = [pair.similar for pair in pairs]
    assert sum(similar) > 3  # of the responses' own pairs, one is
    assert similar.count(0) > 14
    # A broken response is like no other text.
    assert not any(pair.similar for pair in pairs if {"3*+7", ""} & {*pair.texts})


def test_every_pair_makes_a_whole_group():
    # RESPONSES are 7, two of them one text: 6 different ones, 15 pairs, of which 3*7-2 and 7*3-2 are one solution.
    pairs = every_pair([PROMPT, PROMPT], [RESPONSES, ["1+2", "1+2"]])
    assert len(pairs) == 15
    assert [pair.texts for pair in pairs if pair.similar] == [("3*7-2", "7*3-2")]
    (group,) = complete_groups(pairs)
    assert (group.responses, len(set(group.classes.tolist()))) == (6, 5)


def test_same_seed_same_pairs():
    prompts, responses = [PROMPT, PROMPT], [RESPONSES, RESPONSES[::-1]]
    assert make_pairs(prompts, responses, seed=1) == make_pairs(prompts, responses, seed=1)
    assert make_pairs(prompts, responses, seed=1) != make_pairs(prompts, responses, seed=2)


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("8-2", {"8-2"}),  # the negative term cannot lead
        ("2+1", {"2+1", "1+2"}),
        ("3*7-2", {"3*7-2", "7*3-2"}),
        ("1-2*3+4", {"1-2*3+4", "1-3*2+4", "1+4-2*3", "1+4-3*2", "4-2*3+1", "4-3*2+1", "4+1-2*3", "4+1-3*2"}),
    ],
)
def test_respelt_finds_every_spelling_and_nothing_else(text, spellings):
    rng = random.Random(0)
    assert {respelt(text, rng) for _ in range(200)} == spellings


def test_a_neighbour_is_an_expression_with_at_most_two_characters_changed():
    rng = random.Random(0)
    found = {neighbour("3*7-2", PROMPT.digits, rng) for _ in range(200)}
    assert {"3*7+2", "8*7-2", "7*3-2", "3*2-7"} <= found  # operator, digit, swaps within and across terms
    assert all(parse(text) for text in found)
    assert max(sum(a != b for a, b in zip(text, "3*7-2", strict=True)) for text in found) == 2


@pytest.fixture
def sampled(monkeypatch) -> list[str]:
    """Whose responses were sampled, a policy's folder for each time."""
    folders: list[str] = []
    monkeypatch.setattr(
        module, "sample", lambda folder, prompts, **_: (folders.append(folder), [RESPONSES for _ in prompts])[1]
    )
    return folders


def policy(digest: str = "a") -> WarmStart:
    return WarmStart(Path(digest), steps=1, seed=0, seconds=0.0, loss=0.0, digest=digest, reused=True)


def test_pairs_are_written_once_for_a_policy_its_prompts_and_a_seed(tmp_path, sampled):
    path = tmp_path / "new" / "pairs_0.jsonl"
    first = labelled_pairs(path, policy(), [PROMPT])
    again = labelled_pairs(path, policy(), [PROMPT])
    assert (first.reused, again.reused) == (False, True)
    assert again.pairs == first.pairs
    assert len(sampled) == 1

    other = Prompt((1, 2, 3, 4, 5), 19)
    for changed in [(policy("b"), [PROMPT], 0), (policy("b"), [other], 0), (policy("b"), [other], 1)]:
        assert not labelled_pairs(path, *changed[:2], seed=changed[2]).reused
    path.write_text(path.read_text().replace('"similar": 1', '"similar": 0'))
    assert not labelled_pairs(path, policy("b"), [other], seed=1).reused
    assert labelled_pairs(path, policy("b"), [other], seed=1).reused


def some_pairs(prompts: int, seed: int):
    rng = random.Random(seed)
    shown = [Prompt(tuple(rng.choices(range(1, 10), k=5)), 1 + number) for number in range(prompts)]
    written = ["{}+{}", "{}-{}", "{}*{}", "{}+{}*{}", "{}-{}+{}"]
    texts = [[rng.choice(written).format(*rng.sample(prompt.digits, 3)) for _ in range(4)] for prompt in shown]
    return make_pairs(shown, texts, seed)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A minute's recipe cut down to seconds: short expressions, few of them."""
    folder = tmp_path_factory.mktemp("learned") / "similarity"
    settings = recipe(folder, 0).model_copy(update={"epochs": 4.0, "batch_size": 64})
    return learn_similarity(folder, some_pairs(60, 0), settings=settings), settings


def test_what_it_learned_holds_for_other_prompts(learned):
    from darling_plugin.similarity import ClassifierSimilarity

    similarity = ClassifierSimilarity(str(learned[0].folder), device="cpu")
    held_out = some_pairs(20, 1)
    labels = np.array([pair.similar for pair in held_out])
    p = similarity([pair.texts for pair in held_out])
    assert p[labels == 1].mean() > p[labels == 0].mean() + 0.3
    # The same text is the same solution, an empty response among them, and the order of a pair changes nothing.
    assert (similarity([("3*7-2", "3*7-2"), ("", "")]) > similarity.default_threshold).all()
    assert similarity([("3*7-2", "1+2"), ("1+2", "3*7-2")]).std() < 1e-6


def test_a_similarity_is_trained_again_only_for_other_pairs_or_another_recipe(learned):
    made, settings = learned
    weights = (made.folder / "model.safetensors").read_bytes()
    again = learn_similarity(made.folder, some_pairs(60, 0), settings=settings)
    assert (again.reused, again.seconds, again.folder, again.pairs) == (True, 0.0, made.folder, made.pairs)
    short = settings.model_copy(update={"epochs": 0.1})
    assert not learn_similarity(made.folder, some_pairs(60, 0), settings=short).reused
    assert not learn_similarity(made.folder, some_pairs(60, 1), settings=short).reused
    assert (made.folder / "model.safetensors").read_bytes() != weights
    # Interrupted after its weights were written and before calibration: trained again.
    from darling_plugin.similarity.classifier.card import read_card, write_card

    write_card(made.folder, read_card(made.folder).model_copy(update={"calibration": None}))
    assert not learn_similarity(made.folder, some_pairs(60, 1), settings=short).reused


def test_the_encoder_is_the_same_for_the_same_seed(tmp_path):
    for name, seed in [("a", 0), ("b", 0), ("c", 1)]:
        build_encoder(tmp_path / name, seed)
    a, b, c = (sorted((tmp_path / name).rglob("*.safetensors")) for name in "abc")
    assert len(a) == 3  # the encoder and two layers
    assert [path.read_bytes() for path in a] == [path.read_bytes() for path in b]
    assert all(x.read_bytes() != y.read_bytes() for x, y in zip(a, c, strict=True))


def test_a_job_composes_with_the_similarity(learned):
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from darling_plugin.config import parse_settings
    from darling_plugin.packages import configs_folder

    made = learned[0]
    with initialize_config_dir(str(configs_folder()), version_base=None):
        job = compose("darling/countdown", overrides=made.overrides)
    settings = parse_settings(OmegaConf.to_container(job.darling))
    similarity = settings.similarity.build()
    assert (settings.similarity.name, similarity.model) == ("classifier", str(made.folder))
    rule = settings.partition_rule(similarity)
    assert rule.short_text_rule == "none"
    assert rule.threshold == similarity.default_threshold


class SameLength:
    """Holds texts of equal length equivalent."""

    default_threshold = 0.4
    short_text_rule = False

    def __call__(self, pairs):
        return [0.5 if len(a) == len(b) else 0.4 for a, b in pairs]


def test_agreement_worked_by_hand():
    # First prompt: 3*7-2 and 7*3-2 are one solution, 1+2 another; by length the same. Second: three solutions, of
    # which 1+2, 1+3 have one length, and a copy. Pairs: 3 and 3; wrong is (1+2, 1+3) alone. Equivalent: 1, found;
    # distinct: 5, one merged. Classes: 2 and 2 (symbolic 2 and 3).
    found = agreement(SameLength(), [["3*7-2", "7*3-2", "1+2"], ["1+2", "1+3", "1+2*4", "1+2"]])
    assert (found.prompts, found.responses, found.pairs) == (2, 7, 6)
    assert found.pair_agreement == pytest.approx(5 / 6)
    assert found.equivalents_found == 1.0
    assert found.false_merges == pytest.approx(1 / 5)
    assert (found.classes, found.classes_symbolic, found.same_class_count) == (2.0, 2.5, 0.5)
    # Adjusted Rand of {a a b}, {a a b}: 1. Of {1+2 1+3 1+2}, {1+2*4} against {1+2 1+2}, {1+3}, {1+2*4}: of 6 pairs
    # both join 1, the learned 3, the symbolic 1; expected 3·1/6 = 1/2; (1 − 1/2) / ((3 + 1)/2 − 1/2) = 1/3.
    assert found.adjusted_rand == pytest.approx((1 + 1 / 3) / 2)


@pytest.mark.parametrize("responses", [["1+2"], ["1+2", "1+2", "1+2"]], ids=["one", "all the same"])
def test_agreement_without_pairs(responses):
    found = agreement(SameLength(), [responses])
    assert (found.pairs, found.pair_agreement, found.equivalents_found, found.false_merges) == (0, None, None, None)
    assert (found.adjusted_rand, found.same_class_count, found.classes) == (1.0, 1.0, 1.0)
    assert found.in_words.startswith("no pairs")


def test_the_report_has_both_agreements(tmp_path):
    from recipes.countdown.evaluate import Evaluation
    from recipes.countdown.report import write_report

    before = agreement(SameLength(), [["3*7-2", "7*3-2", "1+2"], ["1+2", "1+3", "1+2*4", "1+2"]])
    after = agreement(SameLength(), [["1+2", "1+2"], ["1+2", "1+2"]])
    policy = Evaluation(0.2, 0.9, 1.9, 16, 64, 300, 1.0, 0, 4.0, {})
    screen = Console(file=io.StringIO(), width=100)
    summary = write_report(
        tmp_path,
        before=policy,
        after=policy,
        metrics=[],
        agreements={"before": before, "after": after},
        console=screen,
    )
    assert json.loads((tmp_path / "summary.json").read_text())["agreements"] == summary["agreements"]
    assert summary["agreements"]["before"]["false_merges"] == pytest.approx(1 / 5)
    lines = {line.split("│")[1].strip(): line for line in screen.file.getvalue().splitlines() if line.count("│") == 4}
    assert [cell.strip() for cell in lines["pairs: both say the same"].split("│")[2:4]] == ["0.8333", "–"]
    assert [cell.strip() for cell in lines["classes per prompt (symbolic)"].split("│")[2:4]] == [
        "2.00 (2.50)",
        "1.00 (1.00)",
    ]
