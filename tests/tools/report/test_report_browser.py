"""The page in a real browser. Skipped where there is none: the other tests need no browser."""

import headless_chromium
import pytest
from report_folders import HOSTILE, sample, write_lines, write_run

from darling_plugin.tools.report.document import document
from darling_plugin.tools.report.page import render
from darling_plugin.tools.report.read import read_runs

LONG = "first line\n" + "word " * 1600  # 8,011 characters
# a: 2 classes, 1 of 2 correct; b, of step 10: 1 class, none correct; c: 64 long responses of 32 classes, all correct
SAMPLES = [
    sample(1, "a", HOSTILE, prompt=HOSTILE),
    sample(1, "a", "", prompt=HOSTILE, **{"class": 1, "quality": 0.0}),
    *(sample(10, "b", f"answer {i}", quality=0.0) for i in range(4)),
    *(sample(10, "c", LONG, **{"class": i % 32}) for i in range(64)),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    command = headless_chromium.find()
    if command is None:
        pytest.skip(f"no browser: none of {', '.join(headless_chromium.COMMANDS)}, none that Playwright has installed")
    with headless_chromium.Browser(command, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser, tmp_path):
    write_run(tmp_path / "other")
    path = tmp_path / "page.html"
    path.write_text(
        render(document(read_runs([write_run(tmp_path / "run", samples=SAMPLES), tmp_path / "other"]))),
        encoding="utf-8",
    )
    browser.open(path)
    return browser


def choose(page, name, value):
    page.run(
        f"{{const s = document.querySelector('select[name={name}]'); s.value = '{value}';"
        "s.dispatchEvent(new Event('change'))}"
    )


def titles(page):
    return page.run("[...document.querySelectorAll('.title')].map((each) => each.textContent)")


def test_no_text_of_the_model_runs(page):
    texts = page.run("[...document.querySelectorAll('.responses .text')].map((each) => each.textContent)")
    assert texts == [HOSTILE, "empty"]
    assert page.run("document.querySelector('.prompt .text').textContent") == HOSTILE
    assert page.run("document.documentElement.dataset.ran ?? 'nothing'") == "nothing"
    assert page.run("document.querySelectorAll('img').length") == 0
    happened = [event["method"] for event in page.events]
    assert "Page.javascriptDialogOpening" not in happened  # alert
    assert "Runtime.exceptionThrown" not in happened and "Log.entryAdded" not in happened  # nor was anything blocked
    asked = [
        event["params"]["request"]["url"] for event in page.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert len(asked) == 1 and asked[0].endswith("/page.html")


def test_an_injected_script_is_blocked(page):
    # The wall behind the escaping: an element that did get in would still not run.
    page.run("document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))")
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')")
    assert page.run("document.title").startswith("Training report")


def test_filters(page):
    everything = [HOSTILE, "prompt b", "prompt c", "prompt a", "prompt b"]
    assert titles(page) == everything
    choose(page, "run", "run")
    assert titles(page) == everything[:3]
    choose(page, "step", "10")
    assert titles(page) == ["prompt b", "prompt c"]
    choose(page, "correct", "none")
    assert titles(page) == ["prompt b"]
    choose(page, "classes", "2")
    assert titles(page) == []
    assert "No group" in page.run("document.querySelector('#groups [role=status]').textContent")
    for name in ("run", "step", "correct"):
        choose(page, name, "")
    assert titles(page) == [HOSTILE]


def test_a_large_group_is_cut_and_opens(page):
    assert page.run("document.querySelectorAll('.responses li').length") == 2  # the first group alone is drawn
    page.run("document.querySelectorAll('.head')[2].click()")
    page.run("globalThis.large = document.querySelectorAll('.card')[2]")
    assert page.run("large.querySelectorAll('.responses li').length") == 64
    assert page.run("large.querySelectorAll('.strip button').length") == 32
    assert page.run("large.querySelector('.responses .text').textContent.length") < 500
    page.run("large.querySelector('.responses .more').click()")
    assert page.run("large.querySelector('.responses .text').textContent") == LONG
    page.run("large.querySelectorAll('.strip button')[5].click()")  # class 5 alone: responses 5 and 37
    assert page.run("[...large.querySelectorAll('.responses li')].filter((each) => !each.hidden).length") == 2
    assert page.run("[...document.querySelectorAll('.chip')].every((each) => each.textContent)")


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_its_window_in_both_themes(page, width, scheme):
    page.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("document.querySelector('.scroll').scrollWidth <= document.querySelector('.scroll').clientWidth")
    assert page.run("[...document.querySelectorAll('#curves .plot')].every((each) => each.querySelector('svg'))")
    dark = "rgb(20, 22, 26)"
    paper = "getComputedStyle(document.body).backgroundColor"
    assert (page.run(paper) == dark) == (scheme == "dark")
    page.run("document.getElementById('theme').click()")
    assert (page.run(paper) == dark) == (scheme == "light")


def test_one_step_and_no_groups(browser, tmp_path):
    write_lines(tmp_path / "run/metrics.jsonl", [{"step": 1, "critic/score/mean": 0.5, "timing_s/step": 1.0}])
    path = tmp_path / "page.html"
    path.write_text(render(document(read_runs([tmp_path / "run"]))), encoding="utf-8")
    browser.open(path)
    assert "Runtime.exceptionThrown" not in [event["method"] for event in browser.events]
    shown = browser.run("[...document.querySelectorAll('section:not([hidden])')].map((each) => each.id)")
    assert shown == ["runs", "curves", "missing"]
