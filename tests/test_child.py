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
