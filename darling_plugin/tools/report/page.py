"""The document as one HTML page that loads nothing and runs no text of the model.

Three layers stand between a response and the browser: the page's only scripts and styles are those whose hashes its
Content-Security-Policy names; the texts are in a JSON block, where `<` is written as an escape, so that none of them
can end the block; and the scripts set text by `textContent` alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

SCRIPTS = ("charts.js", "groups.js", "page.js")
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def render(page: Mapping[str, Any]) -> str:
    """The HTML of a `document`."""
    style, script = template("page.css"), "\n".join(template(name) for name in SCRIPTS)
    parts = {
        "title": escape("Training report: " + ", ".join(run["name"] for run in page["runs"])),
        "name": escape(", ".join(run["name"] for run in page["runs"])),
        "policy": policy(style, script),
        "style": style,
        "script": script,
        "data": data_block(page),
    }
    # One pass: what was put in is not looked at again, so a response that holds {{script}} stays that.
    whole = PLACEHOLDER.sub(lambda found: parts[found[1]], template("page.html"))
    # A lone surrogate, which UTF-8 cannot hold, becomes \ud800: in JSON that is the same character again.
    return whole.encode("utf-8", "backslashreplace").decode("utf-8")


def template(name: str) -> str:
    """A file beside this one."""
    return resources.files("darling_plugin.tools.report").joinpath(name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """Nothing may be loaded, sent or run, except this one style and this one script."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def data_block(values: Any) -> str:
    r"""JSON that can stand in a script element: with `<`, `>` and `&` as \u003c, \u003e and \u0026."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
