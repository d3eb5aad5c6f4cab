import subprocess
import sys

from darling_plugin import evaluation


def test_importing_it_costs_numpy_alone():
    program = (
        "import sys, darling_plugin.evaluation;"
        "print(sorted({'scipy', 'sacrebleu', 'sklearn', 'torch', 'verl', 'ray', 'httpx'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"


def test_every_public_name_is_there_and_says_what_it_is():
    assert evaluation.__all__ == sorted(evaluation.__all__)
    for name in evaluation.__all__:
        assert getattr(evaluation, name).__doc__
