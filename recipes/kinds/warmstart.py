"""Teach SmolLM2 to answer the prompts in one sentence, so that RL starts from answers that are sometimes right.

Supervised steps on the answers that `sentences.py` makes of WordNet. The result is an ordinary folder, which
transformers, verl and vLLM read, and in it `vocabulary.json`: the tokens that the experiment's engine can sample.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darling_plugin.kinds import data
from darling_plugin.kinds.task import Category, prompt_text
from darling_plugin.kinds.wordnet import nouns
from darling_plugin.progress import progress
from recipes.countdown import warmstart_record
from recipes.countdown.threads import torch_threads
from recipes.kinds import base
from recipes.kinds.engine import Engine, Prompts, load_model
from recipes.kinds.sentences import FRAMES, Sentence, gloss_of, sentences, write

if TYPE_CHECKING:
    import torch

VOCABULARY = "vocabulary.json"
LEAST_SEEN = 10  # sentences of all WordNet's nouns that a token must be in to be in the vocabulary
LONGEST = 18  # tokens of a response, the end token included; longer sentences are left out of training
FORMAT = 1  # raise when the same settings give another policy


@dataclass(frozen=True)
class Settings:
    """What a warm start depends on, besides its seed. Learning rate: linear warm-up, then linear to 0.

    temperature: what the logits are divided by in the end, so that temperature 1 is this one of the trained model: so
        small a model is not fluent at 1.
    """

    steps: int = 120
    sentences: int = 32
    learning_rate: float = 5e-4
    warmup_steps: int = 10
    trained: int = 8
    temperature: float = 0.7

    def digest(self, seed: int) -> str:
        content = json.dumps([asdict(self), seed, FORMAT, data.FORMAT, FRAMES, LONGEST, base.CHAT], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True)
class WarmStart:
    """A policy folder and how it came about. `loss`: mean over the last tenth of the steps, nats per token."""

    folder: Path
    seed: int
    seconds: float
    loss: float
    digest: str
    reused: bool


def warm_start(folder: str | Path, *, seed: int = 0, settings: Settings | None = None, threads: int = 1) -> WarmStart:
    """Convert SmolLM2, train it, and write a Hugging Face folder; return the one that is there when it matches."""
    folder, settings = Path(folder), settings or Settings()
    found = warmstart_record.find(folder, settings.digest(seed), WarmStart)
    if found is not None:
        return found
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / warmstart_record.RECORD).unlink(missing_ok=True)
    with torch_threads(threads):
        base.convert(folder)
        tokens = vocabulary(load_tokenizer(folder))
        (folder / VOCABULARY).write_text(json.dumps(tokens) + "\n")
        loss = _train(folder, settings, seed)
    result = WarmStart(folder, seed, time.perf_counter() - began, loss, settings.digest(seed), reused=False)
    warmstart_record.write(folder, result, settings)
    return result


def load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def vocabulary(tokenizer: Any) -> list[int]:
    """Ids of the tokens of at least `LEAST_SEEN` sentences about WordNet's nouns, all of them, and the end token."""
    seen: Counter[int] = Counter()
    texts = [
        write(frame, word, gloss)
        for synset in nouns().synsets.values()
        if (gloss := gloss_of(synset)) is not None
        for word in synset.words
        if re.fullmatch(r"[a-z]+([_-][a-z]+)*", word)
        for frame in FRAMES[1:3]
    ]
    for ids in tokenizer(texts)["input_ids"]:
        seen.update(set(ids))
    own = {token for frame in FRAMES for token in tokenizer(write(frame, "owl", "a bird"))["input_ids"]}
    return sorted({token for token, count in seen.items() if count >= LEAST_SEEN} | own | {tokenizer.eos_token_id})


def load_engine(folder: Path, trained: int, weights: Path | None = None) -> Engine:
    """The policy of a folder that `warm_start` wrote, or its vocabulary with the weights of another folder."""
    import torch

    tokens = torch.tensor(json.loads((folder / VOCABULARY).read_text()))
    model = load_model(weights or folder)
    end = model.config.eos_token_id
    assert isinstance(end, int), end
    return Engine(model, tokens, end, trained)


def prompt_ids(tokenizer: Any, categories: Sequence[Category]) -> Prompts:
    """The prompts of categories, padded on the left with end tokens."""
    import torch

    ids = [tokenizer(f"{prompt_text(category)}\n")["input_ids"] for category in categories]
    longest = max(map(len, ids))
    padded = [[tokenizer.eos_token_id] * (longest - len(own)) + own for own in ids]
    return Prompts(
        torch.tensor(padded), torch.tensor([[n < longest - len(own) for n in range(longest)] for own in ids])
    )


def _train(folder: Path, settings: Settings, seed: int) -> float:
    import torch

    engine, tokenizer = load_engine(folder, settings.trained), load_tokenizer(folder)
    optimizer = torch.optim.AdamW(engine.parameters(), lr=0.0, betas=(0.9, 0.95), weight_decay=0.0)
    losses: list[float] = []
    batches = _batches(tokenizer, set(engine.vocabulary.tolist()), settings, seed)
    with progress("Warm start", settings.steps) as advance:
        for step, batch in enumerate(batches):
            warmup, left = (step + 1) / settings.warmup_steps, 1 - step / settings.steps
            optimizer.param_groups[0]["lr"] = settings.learning_rate * min(1.0, warmup, left)
            loss = _loss(engine, tokenizer, batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(engine.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            advance(note=f"loss {sum(losses[-20:]) / len(losses[-20:]):.3f}")
    model = load_model(folder)
    engine.save(model)
    sharpen(model, settings.temperature)
    model.save_pretrained(folder)
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)


def sharpen(model: Any, temperature: float) -> None:
    """Divide the logits by `temperature`, in the weights: the head is linear in the last norm's."""
    import torch

    with torch.no_grad():
        model.model.norm.weight.div_(temperature)


def _batches(tokenizer: Any, known: set[int], settings: Settings, seed: int) -> list[list[Sentence]]:
    """Sentences that are short enough and have no token outside the vocabulary; nearly all are taken."""
    found = sentences(2 * settings.steps * settings.sentences, seed)
    ids = tokenizer([sentence.text for sentence in found])["input_ids"]
    kept = [sentence for sentence, own in zip(found, ids, strict=True) if len(own) < LONGEST and known.issuperset(own)]
    size = settings.sentences
    return [kept[step * size : (step + 1) * size] for step in range(settings.steps)]


def _loss(engine: Engine, tokenizer: Any, batch: Sequence[Sentence]) -> torch.Tensor:
    import torch

    own = defaultdict(list)
    for sentence in batch:
        own[sentence.category].append([*tokenizer(sentence.text)["input_ids"], engine.end])
    prompts = prompt_ids(tokenizer, list(own))
    prompt_of = torch.tensor([number for number, each in enumerate(own.values()) for _ in each])
    rows = [ids for each in own.values() for ids in each]
    width = max(map(len, rows))
    tokens = torch.tensor([ids + [engine.end] * (width - len(ids)) for ids in rows])
    mask = torch.tensor([[n < len(ids) for n in range(width)] for ids in rows])
    log_prob = engine.read_texts(prompts, tokens, prompt_of)
    return -(log_prob * mask).sum() / mask.sum()
