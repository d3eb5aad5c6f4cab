"""The tokenizer of the converted model: a conversation ends with the CLS token, begins with one BOS, and is padded.

Files are copied as they are, and three things set. The chat template ends with the CLS token. The padding token is not
the CLS: transformers reads the last token that is not padding. And the tokenizer adds BOS where the template does:
verl's reward loop takes BOS off the text and leaves it to the server. What comes out is compared with the original's
ids before it is believed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darling_plugin.errors import ConfigError
from darling_plugin.quality.reward_model import conversation

CLS_ID = 128003  # CLS_ID in the authors' code; <|reserved_special_token_1|> in Llama 3's vocabulary
SETTINGS, TEMPLATE, BACKEND = "tokenizer_config.json", "chat_template.jinja", "tokenizer.json"
COPIED = (BACKEND, SETTINGS, "special_tokens_map.json", "added_tokens.json", TEMPLATE)
PROBES: tuple[Sequence[Mapping[str, str]], ...] = (
    [{"role": "user", "content": "Say: “hi” 👋"}],
    [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b\n"},
        {"role": "user", "content": " c"},
    ],
)
ANSWER = {"role": "assistant", "content": "Hello."}


@dataclass(frozen=True)
class Tokens:
    """What was set. bos_added: the tokenizer added no BOS of its own."""

    cls: str
    pad: str
    pad_id: int
    bos_added: bool


def write_tokenizer(source: Path, out: Path) -> Tokens:
    """Write the files into `out`. Raises `ConfigError` where the CLS token is not what the model is read at."""
    original = load_tokenizer(source)
    cls = _cls(original, source)
    pad = _pad(original, source)
    for name in COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    settings = json.loads((out / SETTINGS).read_bytes()) | {"cls_token": cls, "pad_token": pad}
    template = _template(original, cls, source)
    if (out / TEMPLATE).is_file():  # it comes before the one in the settings
        (out / TEMPLATE).write_text(template, encoding="utf-8")
    else:
        settings["chat_template"] = template
    (out / SETTINGS).write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    bos_added = _bos_is_left_to_the_template(original)
    if bos_added:
        _add_bos(out / BACKEND, original.bos_token, original.bos_token_id)
    converted = load_tokenizer(out)
    for messages in PROBES:
        _compare(original, converted, messages, cls, source)
    return Tokens(cls, pad, converted.convert_tokens_to_ids(pad), bos_added)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder, from its own files."""
    from transformers import AutoTokenizer

    for name in (BACKEND, SETTINGS):
        if not (folder / name).is_file():
            raise ConfigError(f"SOURCE: {folder} holds no {name}; give the folder of a complete model.")
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # the tokenizers library raises plain Exception
        raise ConfigError(f"SOURCE: the tokenizer in {folder} cannot be loaded: {error}") from error


def _cls(tokenizer: Any, source: Path) -> str:
    cls = tokenizer.cls_token or tokenizer.convert_ids_to_tokens(CLS_ID)
    found = None if cls is None else tokenizer.convert_tokens_to_ids(cls)
    if found != CLS_ID or tokenizer(cls, add_special_tokens=False)["input_ids"] != [CLS_ID]:
        raise ConfigError(
            f"SOURCE: the CLS token of {source} is {cls!r} with id {found}, expected one token with id {CLS_ID}, at "
            "which the original reads its score."
        )
    return str(cls)


def _pad(tokenizer: Any, source: Path) -> str:
    for token in (tokenizer.pad_token, tokenizer.eos_token, tokenizer.bos_token):
        if token is not None and tokenizer.convert_tokens_to_ids(token) != CLS_ID:
            return str(token)
    raise ConfigError(
        f"SOURCE: the tokenizer of {source} has no pad, EOS or BOS token besides the CLS; set pad_token in its "
        f"{SETTINGS}."
    )


def _template(tokenizer: Any, cls: str, source: Path) -> str:
    """The chat template with the CLS token at the end; as it is where it ends so already."""
    template = tokenizer.chat_template
    if not isinstance(template, str):
        found = "none" if template is None else f"{len(template)}: {', '.join(template)}"
        raise ConfigError(f"SOURCE: chat templates of {source}: {found}; expected one. Set it in its {SETTINGS}.")
    if _written(tokenizer, PROBES[0]).endswith(cls):
        return template
    # Jinja drops one line end at the end of a template, which will not be its end any more.
    return template.removesuffix("\n") + "{{ " + json.dumps(cls) + " }}"


def _written(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> str:
    return str(tokenizer.apply_chat_template([*messages, ANSWER], add_generation_prompt=False, tokenize=False))


def _adds_bos(tokenizer: Any) -> bool:
    ids = tokenizer("a")["input_ids"]
    return tokenizer.bos_token_id is not None and bool(ids) and ids[0] == tokenizer.bos_token_id


def _bos_is_left_to_the_template(tokenizer: Any) -> bool:
    return (
        tokenizer.bos_token is not None
        and not _adds_bos(tokenizer)
        and _written(tokenizer, PROBES[0]).startswith(tokenizer.bos_token)
    )


def _add_bos(path: Path, bos: str, bos_id: int) -> None:
    """Let the tokenizer put BOS before a text, as Llama 3's own tokenizer.json does."""
    from tokenizers import Tokenizer, processors

    backend = Tokenizer.from_file(str(path))
    adding = processors.TemplateProcessing(
        single=[bos, "$A"], pair=[bos, "$A", bos, "$B"], special_tokens=[(bos, bos_id)]
    )
    present = backend.post_processor
    backend.post_processor = adding if present is None else processors.Sequence([present, adding])
    backend.save(str(path))


def _compare(original: Any, converted: Any, messages: Sequence[Mapping[str, str]], cls: str, source: Path) -> None:
    """A server's ids for what verl sends must be the original's for the conversation and the CLS, with one BOS."""
    text = _written(original, messages).removesuffix(cls) + cls
    expected = original(text, add_special_tokens=False)["input_ids"]
    if _adds_bos(original) and expected[0] != original.bos_token_id:
        expected = [original.bos_token_id, *expected]
    got = converted(conversation(messages, ANSWER["content"], converted))["input_ids"]
    if got != expected or got[-1] != CLS_ID or converted.pad_token_id == CLS_ID:
        raise ConfigError(
            f"SOURCE: the tokenizer of {source} cannot be converted: the original reads {_ends(expected)}, but a "
            f"server would read {_ends(got)}; expected the same ids, with {CLS_ID} at the end. Its {BACKEND} adds "
            "tokens that the original does not."
        )


def _ends(ids: Sequence[int]) -> str:
    return f"{len(ids)} tokens [{', '.join(map(str, ids[:3]))}, …, {', '.join(map(str, ids[-3:]))}]"
