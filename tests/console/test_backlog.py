from __future__ import annotations

from dataclasses import replace

from kitefeed_cli.console.backlog import Watched, line
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.lane import Counters, WhenFull

WELL = Counters(policy=WhenFull.DROP_OLDEST.value, delivered=3_000)


def test_nothing_is_said_of_outputs_that_keep_up_unless_asked() -> None:
    assert "" == line({"stdout": WELL, "board": WELL})
    assert "stdout: 3,000 ticks, none lost" == line({"stdout": WELL}, always=True)


def test_what_was_lost_gave_way_or_is_late_is_said_of_each_output() -> None:
    late = replace(WELL, dropped=1_200, failed=3, conflated=7, waiting=4, lag_s=3.21)
    assert "stdout: 1,203 ticks lost, 7 gave way to newer ones, 3.2 s behind" == line({"board": WELL, "stdout": late})


def test_the_lag_of_an_output_that_has_nothing_to_do_is_no_lag() -> None:
    assert "" == line({"stdout": replace(WELL, lag_s=30.0)})


def test_a_loss_is_one_problem_and_its_end_one_line() -> None:
    watched = Watched("stdout")
    assert watched.look(WELL, 0) is None
    lost = replace(WELL, dropped=500, waiting=256, lag_s=4.0)
    problem = watched.look(lost, 1)
    assert isinstance(problem, Problem)
    assert "stdout takes ticks too slowly" == problem.what
    assert "256 batches wait, 500 ticks lost; once full, the oldest go" == problem.why

    more = replace(lost, dropped=900)
    assert [None] * 10 == [watched.look(more, at_s) for at_s in range(2, 12)]
    assert "stdout keeps up again after 5s; ticks lost: 900" == watched.look(more, 12)
    assert watched.look(more, 13) is None
    assert watched.look(replace(more, dropped=901), 60) is None, "not six an hour more"
    assert isinstance(watched.look(replace(more, dropped=902), 601), Problem)


def test_an_output_is_stuck_after_five_seconds_in_one_call() -> None:
    watched = Watched("stdout")
    waits = replace(WELL, waiting=1, busy_s=4.9, lag_s=5.0)
    assert watched.look(waits, 0) is None
    problem = watched.look(replace(waits, busy_s=5.9, lag_s=6.0), 1)
    assert isinstance(problem, Problem)
    assert "stdout is stuck: it has not taken a tick for 6s" == problem.what
    assert "nothing lost" in problem.why


def test_an_output_that_is_long_about_its_last_batch_is_not_stuck() -> None:
    assert Watched("stdout").look(replace(WELL, busy_s=60.0), 0) is None


def test_a_full_queue_is_told_by_its_policy() -> None:
    gone = {"block": "nothing is queued", "latest-per-instrument": "only the newest are kept"}
    for policy, words in gone.items():
        problem = Watched("x").look(replace(WELL, policy=policy, dropped=1), 0)
        assert isinstance(problem, Problem)
        assert problem.why.endswith(words)
