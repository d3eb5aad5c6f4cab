"""The token ids that a pair becomes for the classifiers that DARLING's authors published.

Facts from their code (facebookresearch/darling, read in November 2026) and from vLLM's:

- `partition_reward_vllm_serve*.py`: the client sends one string, CLS text, first response, SEP text, second response,
  SEP text, one space between. A response is its whitespace-separated words joined by single spaces, cut at
  (max_len − 3) // 2 *words*. Qwen3: max_len 4096, threshold 0.5, the markers are the tokens 151644 and 151645.
  ModernBERT: 2048 and 0.32. P(equivalent) is the last class probability.
- `serve_classifier.sh`: `vllm serve --task classify`, all else at its defaults. vLLM's `/classify` then tokenizes with
  the special tokens of the tokenizer: ModernBERT reads [CLS] [CLS] … [SEP] [SEP], and Qwen3-Embedding's tokenizer puts
  its <|endoftext|> last, which is where vLLM pools. Nothing is truncated: words of several tokens may exceed max_len,
  and what exceeds the *model's* maximum is refused with an error.
- `diversity_rewards.py`: DeBERTa-v3 (NoveltyBench's) is never served. Its ids are CLS, the first 128 tokens of one
  response, SEP, the first 128 of the other, SEP; threshold 0.102. (A copy of NoveltyBench's evaluation reads 512.)

Two departures. Where their server refuses a pair, both responses are cut to equal shares of the model's maximum, and
counted. And a marker that a response itself spells out ("[SEP]") is read as its characters, or left out where the
vocabulary has no other piece for them: otherwise a policy could learn to write the border between two responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darling_plugin.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PublishedFormat:
    """How one architecture reads a pair.

    Attributes:
        max_len: for CLS + a + SEP + b + SEP; so each response is cut at (max_len − 3) // 2, counted in words where
            `served`, in tokens otherwise.
        served: the ids are those of the string that a vLLM server gets; otherwise each response is tokenized alone.
        last_token: the classes are read at the last token, whatever it is (as vLLM does); otherwise as transformers
            pools.
        marker_ids: what CLS and SEP must be in the tokenizer; None for whatever it says.
    """

    cls_text: str
    sep_text: str
    max_len: int
    threshold: float
    served: bool = True
    last_token: bool = False
    marker_ids: tuple[int, int] | None = None

    @property
    def per_response(self) -> int:
        return (self.max_len - 3) // 2

    def text(self, a: str, b: str) -> str:
        """The string that the authors' client sends. There is none for a model that is not served."""
        return f"{self.cls_text}{self._part(a)[0]}{self.sep_text}{self._part(b)[0]}{self.sep_text}"

    def token_ids(self, tokenizer: Any, a: str, b: str) -> list[int]:
        """What the model reads for the pair. Equal to tokenizing `text(a, b)` where no response spells a marker."""
        return PairReader(self, tokenizer).ids([(a, b)])[0]

    def _part(self, response: str) -> tuple[str, bool]:
        """The response as it stands between two markers, and whether words of it were cut."""
        # A lone surrogate, which a detokenizer can leave, is no text: it becomes "?".
        response = response.encode("utf-8", "replace").decode("utf-8")
        if not self.served:
            return response, False
        words = response.split(maxsplit=self.per_response)
        return f" {' '.join(words[: self.per_response])} ", len(words) > self.per_response


FORMATS = {
    "ModernBertForSequenceClassification": PublishedFormat("[CLS]", "[SEP]", max_len=2048, threshold=0.32),
    "Qwen3ForSequenceClassification": PublishedFormat(
        "<|im_start|>", "<|im_end|>", max_len=4096, threshold=0.5, last_token=True, marker_ids=(151644, 151645)
    ),
    "DebertaV2ForSequenceClassification": PublishedFormat(
        "[CLS]", "[SEP]", max_len=2 * 128 + 3, threshold=0.102, served=False
    ),
}


def find_format(architectures: Sequence[str] | None, labels: int) -> PublishedFormat | None:
    """The format of a model whose config says this; None where it is no classifier into two of a known kind."""
    return FORMATS.get(architectures[0]) if architectures and labels == 2 else None


class PairReader:
    """Pairs to token ids, and a count of the responses that were cut.

    Args:
        limit: the most tokens that the model takes; a pair of more loses the ends of its responses, the longer one
            first.
    """

    def __init__(self, form: PublishedFormat, tokenizer: Any, limit: int | None = None):
        self.form = form
        self.tokenizer = tokenizer
        self.limit = limit
        self.truncated = 0
        self._cls, self._sep = _markers(form, tokenizer)
        self._before, self._after = _frame(tokenizer) if form.served else ([], [])

    def ids(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """ids[k] = what the model reads for pairs[k], first response first: the authors' format, in the order given."""
        cut: set[str] = set()
        # A response is in up to n − 1 pairs of a call: it is tokenized once. Markers part the text before a tokenizer
        # sees it, so that the parts' ids, put together, are the whole string's.
        parts = {text: self._tokens(text, cut) for text in dict.fromkeys(text for pair in pairs for text in pair)}
        rows = []
        for a, b in pairs:
            first, second = parts[a], parts[b]
            if self.limit is not None:
                room = self.limit - len(self._before) - len(self._after) - 3
                keep_first = max(room // 2, room - len(second))
                keep_second = max(room // 2, room - len(first))
                cut |= {text for text, over in ((a, len(first) > keep_first), (b, len(second) > keep_second)) if over}
                first, second = first[:keep_first], second[:keep_second]
            rows.append([*self._before, self._cls, *first, self._sep, *second, self._sep, *self._after])
        self.truncated += len(cut)
        return rows

    def _tokens(self, text: str, cut: set[str]) -> list[int]:
        part, shortened = self.form._part(text)
        ids = self.tokenizer(
            part, add_special_tokens=False, split_special_tokens=True, truncation=False, verbose=False
        )["input_ids"]
        # DeBERTa's vocabulary has the markers among its pieces, so that text can still spell one.
        ids = [token for token in ids if token not in (self._cls, self._sep)]
        most = len(ids) if self.form.served else self.form.per_response
        if shortened or len(ids) > most:
            cut.add(text)
        return ids[:most]


def _markers(form: PublishedFormat, tokenizer: Any) -> tuple[int, int]:
    texts = [form.cls_text, form.sep_text]
    ids = tokenizer.convert_tokens_to_ids(texts)
    found = [None if token is None else tokenizer.convert_ids_to_tokens(token) for token in ids]
    # Without its files, transformers makes a tokenizer that knows special tokens only, and says nothing.
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ConfigError("the model has no tokenizer; add the files of the tokenizer that it was trained with")
    if found != texts or (form.marker_ids is not None and tuple(ids) != form.marker_ids):
        expected = "" if form.marker_ids is None else f" as the tokens {form.marker_ids[0]} and {form.marker_ids[1]}"
        raise ConfigError(
            f"its tokenizer must know {form.cls_text} and {form.sep_text}{expected}, got {tuple(ids)}; use the "
            "tokenizer that the model was trained with"
        )
    return ids[0], ids[1]


def _frame(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts before and after any text."""
    framed = tokenizer("x", return_special_tokens_mask=True)
    mask, ids = framed["special_tokens_mask"], list(framed["input_ids"])
    first, last = mask.index(0), len(mask) - 1 - mask[::-1].index(0)
    return ids[:first], ids[last + 1 :]
