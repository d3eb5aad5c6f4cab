"""What must not leave with a run's configuration: secrets, the environment, and the folders of a machine.

A secret is recognized by a word in its key, by the form of its value, and by being the value of an environment variable
of this process that is named like one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

LEFT_OUT = "(left out)"
ENVIRONMENTS = ("env_vars", "environment", "env")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SECRET_WORDS = {
    *("secret", "secrets", "password", "passwords", "passwd", "pwd", "passphrase", "apikey", "apikeys"),
    *("credential", "credentials", "auth", "authorization", "bearer", "cookie", "webhook"),
}
KEY_OWNERS = {
    *("api", "secret", "private", "access", "ssh", "encryption", "signing", "account", "license", "aws", "azure"),
    *("gcp", "hf", "openai", "anthropic", "wandb", "swanlab", "service", "x"),
}
# Words before "token" that make it a piece of text, not a password: eos_token
TEXT_TOKENS = {
    *("eos", "bos", "pad", "unk", "sep", "cls", "mask", "special", "image", "video", "audio", "stop", "start", "end"),
    *("tool", "think", "prompt", "response", "max", "min", "num", "new", "per", "loss", "agg"),
}
# Each pattern's group 1, where there is one, stays.
SECRET_VALUES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bhf_(?:[A-Za-z0-9]{16,}|(?=[A-Za-z]*[A-Z0-9])[A-Za-z0-9]{8,})",
        r"\bsk-[\w-]{8,}",
        r"\b(?:gh[opusr]_|github_pat_|glpat-|npm_|xox[abeprs]-|AIza|AKIA)[\w-]{3,}",
        r"\bASIA[A-Z0-9]{12,}",
        r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
        r"https://(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks)/[^\s\"']+",
        r"(?i)\b((?:bearer|basic)\s+)(?!\()[\w.~+/=-]{3,}",
        r"(?i)([?&][\w.-]*(?:token|key|secret|password|signature|sig|auth)=)[^&\s\"']+",
        r"(?i)(--?[\w-]*(?:key|token|secret|password)(?:\s+|=))(?!-)[^\s\"']+",
        r"\b([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)=)[^\s\"']+",
        r"((?<=://))[^/@\s]+@",
    )
)
# A path of at least two parts that is not a part of a URL or of a longer word
FOLDERS = re.compile(r"(?<![\w:/.~}\\])(?:~|\.\.)?/(?:[\w.@+= -]*[\w.@+=-]/)+(?=[\w.@+=*?-])")
REFERENCE = re.compile(r"\$\{[^{}]*\}")
SHORTEST = 8  # characters of an environment variable's value that is looked for within longer texts


def redact(value: Any, key: str = "") -> Any:
    """The same tree without secrets: `(left out)` instead of them, and of all values of environment variables.

    A number is no password, `api_key_env` is the name of a variable, and `${oc.env:NAME}` names one: they stay. Of an
    absolute path its last part stays: `…/train.parquet`.
    """
    return _redact(value, key, False, _secrets_here())


def is_secret(key: str) -> bool:
    """Whether a key's words say that its value is a secret. Words end at _, -, . and capitals."""
    words = [word.lower() for word in WORD.findall(key)]
    if words[-1:] == ["env"]:  # the name of a variable
        return False
    if SECRET_WORDS & set(words) or words in (["key"], ["keys"]):
        return True
    for before, word in zip(["", *words], words, strict=False):
        if word in ("key", "keys") and before in KEY_OWNERS:
            return True
        if word in ("token", "tokens") and before not in TEXT_TOKENS:
            return True
    return False


def _secrets_here() -> tuple[str, ...]:
    """Values of this process's variables with such names."""
    found = {text for name, text in os.environ.items() if (is_secret(name) or name.endswith("_KEY")) and len(text) > 3}
    return tuple(sorted(found, key=len, reverse=True))


def _redact(value: Any, key: str, secret: bool, known: tuple[str, ...]) -> Any:
    secret = secret or is_secret(key)
    if isinstance(value, Mapping):
        if key in ENVIRONMENTS:
            return dict.fromkeys(value, LEFT_OUT)
        return {name: _redact(each, str(name), secret, known) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redact(each, key, secret, known) for each in value]
    if not isinstance(value, str) or not value:
        return value
    return LEFT_OUT if (secret and not REFERENCE.fullmatch(value)) or value in known else _clean(value, known)


def _clean(text: str, known: tuple[str, ...]) -> str:
    for value in known:
        if len(value) >= SHORTEST:
            text = text.replace(value, LEFT_OUT)
    for pattern in SECRET_VALUES:
        text = pattern.sub(lambda found: (found[1] or "") + LEFT_OUT if found.re.groups else LEFT_OUT, text)
    return FOLDERS.sub("…/", text.replace(f"://{LEFT_OUT}", "://"))
