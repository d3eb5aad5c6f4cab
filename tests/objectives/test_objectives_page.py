"""docs/objectives.md: every objective is in its table, and its worked example runs."""

import re

import numpy as np
from places import ROOT

from darling_plugin.config import parse_settings
from darling_plugin.objectives import OBJECTIVES
from darling_plugin.rollouts import Rollouts
from darling_plugin.step import Step

PAGE = (ROOT / "docs" / "objectives.md").read_text()


def test_every_objective_is_in_the_table():
    table = PAGE[: PAGE.index("\nNotes:")]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} >= set(OBJECTIVES)


def test_the_worked_example_is_an_objective(tmp_path, monkeypatch):
    code = PAGE.split("```python\n")[1].split("```")[0]
    (tmp_path / "worked_example.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    step = Step(parse_settings({"objective": "worked_example:Shorter", "options": {"share": 0.5}}))
    # Two words and one, of two at most: 1 − ½ and 1 − ¼; mean 5/8.
    result = step(Rollouts(["a b", "a"], [0, 0], [1.0, 1.0]))
    np.testing.assert_allclose(result.rewards, [0.5, 0.75])
    np.testing.assert_allclose(result.advantages, [-0.125, 0.125])
