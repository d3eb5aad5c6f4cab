"""The mean of several trained encoders: `python average.py OUT FOLDER FOLDER …`. Their weights, not their outputs.

Encoders that were trained from one start on parts of the data lie in one basin; their mean has seen all of the data.
"""

from __future__ import annotations

# isort: split: common sets the import path
import sys
from pathlib import Path

from recipes.similarity.candidate.forward import load_forward, save_change
from recipes.similarity.common import HERE  # noqa: F401


def main() -> None:
    out, *folders = map(Path, sys.argv[1:])
    berts = [load_forward(folder)._encoder.bert for folder in folders]
    state = berts[0].state_dict()
    for name, weight in state.items():
        if weight.is_floating_point():
            weight.copy_(sum(bert.state_dict()[name] for bert in berts) / len(berts))
    save_change(berts[0], out)


if __name__ == "__main__":
    main()
