import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from report_folders import HOSTILE, sample, write_run

from darling_plugin.tools.report.document import document
from darling_plugin.tools.report.page import data_block, render, template
from darling_plugin.tools.report.read import read_runs


class Elements(HTMLParser):
    """The elements of a page as a browser's parser sees them: (tag, attributes, text of scripts and styles)."""

    def __init__(self, page):
        super().__init__()
        self.found, self.inside = [], None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append([tag, dict(attributes), ""])
        self.inside = self.found[-1] if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.inside[2] += data

    def called(self, tag):
        return [each for each in self.found if each[0] == tag]


@pytest.fixture
def hostile_page(tmp_path):
    run = write_run(tmp_path / "<b>run & 'co'</b>", samples=[sample(1, "a", HOSTILE, prompt=HOSTILE)])
    return render(document(read_runs([run])))


def test_model_text_adds_no_element(hostile_page):
    elements = Elements(hostile_page)
    assert [attributes.get("type") for _, attributes, _ in elements.called("script")] == ["application/json", None]
    assert elements.called("img") == [] and elements.called("b") == []
    assert "<script>document" not in hostile_page


def test_model_text_comes_back_whole(hostile_page):
    block = Elements(hostile_page).called("script")[0][2]
    (group,) = json.loads(block)["groups"]
    assert (group["prompt"], group["responses"][0][0]) == (HOSTILE, HOSTILE)


def test_policy_allows_this_script_and_style_alone(hostile_page):
    elements = Elements(hostile_page)
    policy = next(a["content"] for _, a, _ in elements.called("meta") if "http-equiv" in a)
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    (style,), script = elements.called("style"), elements.called("script")[1]
    assert allowed == {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style[2], script[2])
    }
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy


def test_page_loads_nothing(hostile_page):
    for tag, attributes, _ in Elements(hostile_page).found:
        assert not {"src", "srcset", "action", "style"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag


@pytest.mark.parametrize("name", ["charts.js", "groups.js", "page.js"])
def test_scripts_never_make_markup_of_text(name):
    # textContent and text nodes only; the address of SVG is a name, never fetched.
    text = template(name)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch("):
        assert way not in text
    assert set(re.findall(r"https?://[^\"']+", text)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("text", ["</SCRIPT>", "<!--<script>", "a\u2028b & c > d", "{{data}}", "日本語 \x00\r\n"])
def test_data_block(text):
    block = data_block({"text": text})
    assert not set("<>&\x00\r\n") & set(block)
    assert json.loads(block) == {"text": text}


def test_a_lone_surrogate_survives(tmp_path):
    run = write_run(tmp_path / "run", samples=[sample(1, "a", "\ud800 alone")])
    page = render(document(read_runs([run])))
    page.encode("utf-8")  # raised before it was escaped
    block = Elements(page).called("script")[0][2]
    assert json.loads(block)["groups"][0]["responses"][0][0] == "\ud800 alone"


def test_numbers_that_are_no_json_are_refused():
    with pytest.raises(ValueError, match="Out of range float"):
        data_block({"value": float("nan")})
