import subprocess
import sys
import threading

import pytest

from darling_plugin.child import Child, Hung


def act(what: str) -> str:
    if what == "hang":
        threading.Event().wait()
    if what == "raise":
        raise ValueError("from the child")
    return what


def test_a_hung_process_is_replaced():
    with Child(act, deadline_s=1) as call:
        with pytest.raises(Hung):
            call("hang")
        call.deadline_s = 300
        assert call("well") == "well"
        with pytest.raises(ValueError, match="from the child"):
            call("raise")
        assert call("still well") == "still well"


def test_a_program_from_standard_input_is_told_why(tmp_path):
    code = "from darling_plugin.child import Child\nprint(Child(len, 60)('abc'))"
    done = subprocess.run([sys.executable], input=code, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Run the program from a file or a module" in done.stderr
