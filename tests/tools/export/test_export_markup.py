import pytest

from darling_plugin.tools.export.markup import block, code, table


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1e-6, "`1e-06`"),
        ("", "–"),
        ("  a\nb  ", "`a b`"),  # a line break would end a table's row
        ("<script>", "`<script>`"),
        ("a`b", "``a`b``"),
        ("`a``", "``` `a`` ```"),
    ],
)
def test_code(value, expected):
    assert code(value) == expected


def test_block_has_a_longer_fence_than_its_text():
    assert block("a: 1\n", "yaml") == "```yaml\na: 1\n```"
    assert block("````\n# no heading").startswith("`````\n")


def test_a_bar_stays_in_its_cell():
    assert table(["a", "b"], [[code("x|y"), "z"]]) == "| a | b |\n| --- | --- |\n| `x\\|y` | z |"
