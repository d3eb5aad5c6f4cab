"""Progress in a log: a line every ten seconds, with done, total and time left."""

from darling_plugin.progress import Lines, progress


def test_a_line_every_ten_seconds():
    now, lines = [0.0], []
    advance = Lines("Scoring", 100, lines.append, clock=lambda: now[0])
    for second in range(1, 31):
        now[0] = float(second)
        advance(note="loss 1.2" if second == 20 else "")
    # 1 step per second: after 10 of 100, 90 s are left
    assert lines == [
        "Scoring: 10 of 100 (10%), 0:00:10 passed, 0:01:30 left",
        "Scoring: 20 of 100 (20%), 0:00:20 passed, 0:01:20 left; loss 1.2",
        "Scoring: 30 of 100 (30%), 0:00:30 passed, 0:01:10 left",
    ]


def test_more_than_announced_and_nothing_to_do():
    now, lines = [0.0], []
    advance = Lines("Mining", 0, lines.append, clock=lambda: now[0])
    now[0] = 10.0
    advance()
    assert lines == ["Mining: 1 of 0, 0:00:10 passed, 0:00:00 left"]


def test_short_work_is_silent_in_a_log(capsys):
    with progress("Mining", 3) as advance:
        for _ in range(3):
            advance()
    assert capsys.readouterr() == ("", "")
