"""Code: the same syntax tree up to names is equivalent, whatever the similarity says; it decides the rest."""

import numpy as np
import pytest

from darling_plugin import partition
from darling_plugin.similarity.domains.code import syntax

LOOP = "def total(xs):\n    result = 0\n    for x in xs:\n        result += x\n    return result\n"
RENAMED = '''Sure, here it is:

```python
def add_all(values: list[int]) -> int:
    """Sum."""
    s = 0  # start
    for v in values:
        s += v
    return s
```

It runs in linear time.'''
BUILT_IN = "def total(xs):\n    return sum(xs)\n"


@pytest.mark.parametrize(
    ("a", "b", "same", "why"),
    [
        (LOOP, RENAMED, True, "names, comment, docstring, types, prose"),
        (LOOP, BUILT_IN, False, "another program"),
        (LOOP, LOOP.replace("+=", "-="), False, "another operator"),
        (LOOP, LOOP.replace("= 0", "= 1"), False, "another constant"),
        ("y = max(x)", "y = min(x)", False, "a function from elsewhere is what it is called"),
        ("import numpy as np\ny = np.sum(x)", "import numpy as N\nz = N.sum(x)", True, "an import under another name"),
        ("import numpy as np\ny = np.sum(x)", "import torch as np\ny = np.sum(x)", False, "another import"),
        ("f = lambda a, b: a - b", "g = lambda x, y: x - y", True, "parameters"),
        ("f = lambda a, b: a - b", "g = lambda x, y: y - x", False, "parameters in another order"),
        ("def f():\n i = 1\n return i\ndef g():\n i = 2\n return i",
         "def a():\n j = 1\n return j\ndef b():\n k = 2\n return k", True, "each scope has its own names"),
        ("for i in x:\n    a(i)\n    b(i)", "for i in x:\n    a(i)\nb(i)", False, "indentation"),
        ("class A:\n    def area(self):\n        return self.w", "class B:\n    def area(me):\n        return me.w",
         True, "the class and self"),
        ("class A:\n    def area(self):\n        return self.w", "class A:\n    def area(self):\n        return self.h",
         False, "attributes are used by their names"),
    ],
)  # fmt: skip
def test_programs(a, b, same, why):
    assert (syntax(a) == syntax(b)) is same and syntax(a) is not None, why


@pytest.mark.parametrize(
    "text",
    ["Paris", "The cat sat on the mat.", "x + 1", "SELECT a FROM b", "", "x = '\0'", "(" * 9999, "-" * 99_999 + "1",
     "x = 1\n" * 99_999],
)  # fmt: skip
def test_what_is_no_program_has_no_tree(text):
    assert syntax(text) is None


@pytest.mark.parametrize("similarity", ["lexical", lambda pairs: np.zeros(len(pairs))])
def test_it_goes_with_any_similarity(similarity):
    assert partition([LOOP, RENAMED], [0, 0], similarity).tolist() == [0, 1]
    assert partition([LOOP, RENAMED], [0, 0], similarity, domain="code").tolist() == [0, 0]
