"""Write docs/settings.md from the settings' own schema: python scripts/write_settings_doc.py"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from darling_plugin.config import DarlingSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = """# Settings

The `darling:` node is the same in every trainer: Hydra overrides in verl (`+darling.diversity.floor=0.2`, without the
plus once `+darling=base` is there), a dictionary in TRL, `--darling.diversity.floor 0.2` in OpenRLHF. A wrong key or
value is an error before training starts. `scripts/write_settings_doc.py` writes this page from
`darling_plugin/config.py`.

"""


def rows(model: type[BaseModel], path: str = "darling") -> Iterator[tuple[str, str, str]]:
    """(key, default, what it is) of every setting below `model`."""
    for name, field in model.model_fields.items():
        annotation, key = field.annotation, f"{path}.{name}"
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from rows(annotation, key)
        else:
            default = field.get_default(call_default_factory=True)
            words = {"None": "null", "True": "true", "False": "false"}
            shown = words.get(str(default), str(default))
            yield key, f"`{shown}`", field.description or ""


def page() -> str:
    """The whole page."""
    lines = ["| key | default | what it is |", "| --- | --- | --- |"]
    for row in rows(DarlingSettings):
        key, default, text = (cell.replace("|", "\\|") for cell in row)
        lines.append(f"| `{key}` | {default} | {text} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
