"""The documentation: its links lead somewhere, every page is listed, and what is generated is up to date."""

import re
import subprocess
import sys

import pytest
from places import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "AGENTS.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / "recipes").rglob("*.md"),
]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]+)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(page):
    targets = [match[0] for match in LINK.findall(page.read_text(encoding="utf-8"))]
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert missing == []


def test_the_index_lists_every_page():
    text = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert [
        page.name for page in (ROOT / "docs").glob("*.md") if page.name != "index.md" and page.name not in text
    ] == []
    assert "docs/index.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_page_is_the_schemas():
    code = "import runpy, sys; sys.stdout.write(runpy.run_path('scripts/write_settings_doc.py')['page']())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "docs/settings.md").read_text(encoding="utf-8"), "run scripts/write_settings_doc.py"
