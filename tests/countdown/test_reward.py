import json

import pytest

from darling_plugin.countdown.reward import compute_score
from darling_plugin.errors import InputError

TRUTH = {"digits": [3, 8, 1, 7, 2], "target": 19}


@pytest.mark.parametrize("truth", [TRUTH, json.dumps(TRUTH)], ids=["mapping", "json"])
@pytest.mark.parametrize(("response", "score"), [("3*7-2", 1.0), ("3*7-1", 0.0), ("", 0.0)])
def test_score(truth, response, score):
    assert compute_score("countdown", response, truth) == {"score": score, "acc": score}


def test_takes_what_verl_passes():
    result = compute_score(
        data_source="countdown", solution_str="8+7+3+1", ground_truth=TRUTH, extra_info={"index": 0}, reward_router=None
    )
    assert result["score"] == 1.0


@pytest.mark.parametrize("truth", ["", "19", "{}", '{"digits": 3, "target": 19}', None, {"digits": ["x"], "target": 1}])
def test_malformed_ground_truth(truth):
    with pytest.raises(InputError, match="ground_truth"):
        compute_score("countdown", "1+2", truth)
