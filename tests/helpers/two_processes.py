"""Run by torchrun in every process: train, and write what this process ended with into FOLDER/ended-RANK.json.

python two_processes.py PAIRS FOLDER ENCODER
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from darling_plugin.tools.classifier import train as module
from darling_plugin.tools.classifier.pairs import read_pairs
from darling_plugin.tools.classifier.recipe import make_recipe

learners: list[Any] = []


class Kept(module.BiLearner):
    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        learners.append(self)


module.LEARNERS["bi-encoder"] = Kept
pairs, folder, encoder = sys.argv[1:]
recipe = make_recipe(base_model=encoder, epochs=2, learning_rate=3e-3)
done = module.train(read_pairs(pairs), Path(folder), recipe, quiet=True)
(learner,) = learners
weights = [learner.loss.scale, learner.loss.bias, *learner.model.parameters()]
ended = {"steps": done.steps, "weights": sum(float(part.detach().sum()) for part in weights)}
Path(folder, f"ended-{os.environ['RANK']}.json").write_text(json.dumps(ended))  # a file each: printed lines can mix
