"""The routing benchmark says the same each time, and on a short slice already who is better than whom."""

import subprocess
import sys

import pytest

from consult.__main__ import main
from consult.cli.bench import Line, holds, measured
from consult.cli.bench_centre import Centre
from consult.cli.bench_policies import Ours
from consult.domain.routing_policy import ACCEPT_TIMER_S


def test_ours_keeps_emergencies_and_stays_near_the_bound_on_a_short_slice() -> None:
    lines = {line.policy: line for line in measured(days=1, seeds=1, utilisations=[0.86])}
    assert len(lines) == 7
    ours = lines["ours"]
    assert holds(list(lines.values())), ours
    assert lines["FIFO pull"].emergency_breaches > ours.emergency_breaches
    assert lines["round-robin push"].routine_p90_min > ours.routine_p90_min
    assert lines["pooled bound"].times_bound == 1


def test_a_seed_tells_the_same_story_each_time() -> None:
    runs = [Centre(Ours(), seed, 1, 0.7, dict(ACCEPT_TIMER_S)).run() for seed in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]


def test_nobody_reads_what_they_cannot_and_every_case_is_read_once() -> None:
    centre = Centre(Ours(), 3, 1, 0.86, dict(ACCEPT_TIMER_S))
    centre.run()
    open_now = [case for reader in centre.readers for case in (*reader.hand, reader.reading) if case is not None]
    done = [case for case in centre.cases if case.done is not None]
    assert len(done) > 300
    assert len(done) + len(open_now) + len(centre.pool) == len(centre.cases)
    assert all(reader.reads(case) for reader in centre.readers for case in reader.hand)


def test_what_is_asked_of_ours_is_judged_at_that_load_only() -> None:
    good = Line("ours", 0.86, 0.5, 100, 1.5)
    assert holds([good, Line("ours", 0.95, 9, 900, 9)])
    assert not holds([good._replace(emergency_breaches=0.6)])
    assert not holds([good._replace(times_bound=1.6)])


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", "routing", "--days", "1", "--seeds", "1", "--utilisation", "0.5"])
    out = capsys.readouterr().out
    assert "ours" in out
    assert "pooled bound" in out


def test_without_the_solver_it_says_what_to_install() -> None:
    hidden = "import sys; sys.modules['scipy'] = None; from consult.__main__ import main; sys.exit(main(sys.argv[1:]))"
    asked = [sys.executable, "-c", hidden, "bench", "routing", "--days", "1", "--seeds", "1", "--utilisation", "0.1"]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "pip install scipy" in ended.stderr
    assert "Traceback" not in ended.stderr
