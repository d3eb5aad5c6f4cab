"""The mean of several trained encoders: `python average.py OUT FOLDER FOLDER …`. Their weights, not their outputs.

Encoders that were trained from one start on parts of the data lie in one basin; their mean has seen all of the data.
The name `base` among the folders counts the packaged encoder, untrained, as one more.
"""

from __future__ import annotations

import sys
from pathlib import Path

from darling_plugin.similarity.classifier.weight_change import save_change
from recipes.similarity.common import load_change
from recipes.similarity.encoder import packaged


def main() -> None:
    out, *names = sys.argv[1:]
    berts = [(packaged() if name == "base" else load_change(Path(name)))[0].model for name in names]
    state = berts[0].state_dict()
    for name, weight in state.items():
        if weight.is_floating_point():
            weight.copy_(sum(bert.state_dict()[name] for bert in berts) / len(berts))
    save_change(berts[0], packaged()[0].model, Path(out))


if __name__ == "__main__":
    main()
