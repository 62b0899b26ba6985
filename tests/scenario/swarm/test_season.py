"""Random days, played, judged and added up."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.policy import Limits
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.scenario.as_toml import as_toml
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.promises import judge
from kitefeed_cli.scenario.swarm.draw import Density, draw
from kitefeed_cli.scenario.swarm.judge import LIVENESS, RECOVERY, judge_day
from kitefeed_cli.scenario.swarm.report import swarm
from kitefeed_cli.scenario.swarm.season import Season, play
from kitefeed_cli.scenario.swarm.shrink import shrunk
from kitefeed_cli.scenario.witness import attend

NO_BUDGET = Limits(attempts=100, attempt_every_s=0.5, ladder_s=(0.5,))
LAZY = Limits(ladder_s=(300.0,), poll_every_s=400.0)


def told(
    tmp_path: Path, days: int, *, as_json: bool, seed: int = 3, density: Density | None = None
) -> tuple[str, bool]:
    out = io.StringIO()
    printer = Printer(out, io.StringIO(), SystemClock(), json=as_json)
    kept = swarm(printer, SystemClock(), seed, days, density, tmp_path)
    return out.getvalue(), kept


def test_two_weeks_of_random_days_keeps_every_rule() -> None:
    season = Season(1)
    for judged in play(1, 10):
        season.add(judged)

    assert [] == season.broken
    assert season.recoveries > 10
    assert season.errors > 50


def test_a_week_of_dense_days_keeps_every_rule() -> None:
    season = Season(2)
    for judged in play(2, 3, Density.DENSE):
        season.add(judged)

    assert [] == season.broken
    assert season.faults[Density.DENSE] / season.days >= 200


def test_the_same_seed_prints_the_same_bytes(tmp_path: Path) -> None:
    assert told(tmp_path, 2, as_json=True) == told(tmp_path, 2, as_json=True)
    assert told(tmp_path, 1, as_json=False) == told(tmp_path, 1, as_json=False)


def test_another_seed_prints_another_digest(tmp_path: Path) -> None:
    first, second = (json.loads(told(tmp_path, 1, as_json=True, seed=seed)[0])["digest"] for seed in (3, 4))

    assert first != second


def test_the_object_for_machines_has_the_counts(tmp_path: Path) -> None:
    record = json.loads(told(tmp_path, 2, as_json=True, density=Density.DENSE)[0])

    assert (2, 3, True, [], []) == tuple(record[key] for key in ("days", "seed", "kept", "violations", "files"))
    assert record["densities"]["dense"]["days"] == 2
    assert record["faults_per_day"] >= 200
    assert min(record["checks"], record["handshakes"], record["polls"]) > 50


def test_a_person_is_told_that_every_rule_was_kept(tmp_path: Path) -> None:
    text, kept = told(tmp_path, 1, as_json=False)

    assert kept
    assert text.startswith("1 trading day of seed 3, 06:30 to 16:00 IST\n")
    assert text.endswith("every rule kept\n")


@pytest.mark.parametrize(("seed", "days"), [(3, 0), (3, -1), (3, 100_001), (-1, 5), (2**32, 5)])
def test_a_number_out_of_range_is_wrong_usage(tmp_path: Path, seed: int, days: int) -> None:
    with pytest.raises(Problem) as caught:
        told(tmp_path, days, as_json=True, seed=seed)

    assert Exit.USAGE is caught.value.exit_code


def test_a_policy_without_a_budget_is_caught_and_its_day_cut_down(tmp_path: Path) -> None:
    day = draw(5, 0, Density.DENSE)
    rule = "at most 8 handshakes in any minute"
    assert rule in [one.promised for one in judge_day(day, NO_BUDGET).broken]

    small = shrunk(day, rule, NO_BUDGET)
    path = tmp_path / "small.toml"
    path.write_text(as_toml(small.scenario), "utf-8")
    _, broken = attend(read(path), limits=NO_BUDGET)

    assert len(small.scenario.timeline) <= 12 < len(day.scenario.timeline)
    assert rule in [one.promised for one in broken]
    assert () == attend(read(path))[1]


def test_a_policy_that_waits_too_long_is_caught_and_its_day_cut_down(tmp_path: Path) -> None:
    days = (draw(5, number, Density.DENSE) for number in range(20))
    day = next(day for day in days if LIVENESS in [one.promised for one in judge_day(day, LAZY).broken])

    small = shrunk(day, LIVENESS, LAZY)
    path = tmp_path / "small.toml"
    path.write_text(as_toml(small.scenario), "utf-8")
    scenario = read(path)

    assert len(small.scenario.timeline) <= 40 < len(day.scenario.timeline)
    assert not all(one.kept for one in judge(scenario, attend(scenario, limits=LAZY)[0]))
    assert all(one.kept for one in judge(scenario, attend(scenario)[0]))


class Screen(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_it_goes_and_a_pipe_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen, pipe = Screen(), io.StringIO()
    for err in (screen, pipe):
        swarm(Printer(io.StringIO(), err, SystemClock()), SystemClock(), 3, 1, Density.CALM, tmp_path)

    assert "trading days" in screen.getvalue()
    assert 1 == len(pipe.getvalue().splitlines())
    assert "days a second" in pipe.getvalue()


def test_a_day_that_broke_a_rule_is_kept_and_the_way_to_play_it_again_is_told(tmp_path: Path) -> None:
    out, folder = io.StringIO(), tmp_path / "kept"
    printer = Printer(out, io.StringIO(), SystemClock())
    kept = swarm(printer, SystemClock(), 5, 1, Density.DENSE, folder, NO_BUDGET)

    assert not kept
    assert ["seed-5-day-0-dense.toml"] == [path.name for path in folder.iterdir()]
    assert f"play it again: kitefeed simulate {folder}/seed-5-day-0-dense.toml\n" in out.getvalue()
    assert read(folder / "seed-5-day-0-dense.toml").title.endswith("broke a rule: at most 8 handshakes in any minute")
    assert "BROKEN  " in out.getvalue()
    assert " more\n" in out.getvalue()


def test_the_way_to_play_it_again_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    out = io.StringIO()
    printer = Printer(out, io.StringIO(), SystemClock())
    swarm(printer, SystemClock(), 5, 1, Density.DENSE, tmp_path / "my seeds", NO_BUDGET)

    assert f"play it again: kitefeed simulate '{tmp_path}/my seeds/seed-5-day-0-dense.toml'\n" in out.getvalue()


def test_violations_are_listed_for_machines(tmp_path: Path) -> None:
    out = io.StringIO()
    swarm(
        Printer(out, io.StringIO(), SystemClock(), json=True), SystemClock(), 5, 1, Density.DENSE, tmp_path, NO_BUDGET
    )
    record = json.loads(out.getvalue())

    assert not record["kept"]
    assert {"day", "rule", "got"} == set(record["violations"][0])
    assert [str(tmp_path / "seed-5-day-0-dense.toml")] == record["files"]


def test_a_folder_that_cannot_be_written_is_told_and_costs_nobody_the_sums(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out, err = io.StringIO(), io.StringIO()
    kept = swarm(Printer(out, err, SystemClock()), SystemClock(), 5, 1, Density.DENSE, tmp_path / "file", NO_BUDGET)

    assert not kept
    assert f"error: the days that broke a rule cannot be kept in {tmp_path}/file\n" in err.getvalue()
    assert "BROKEN  " in out.getvalue()
    assert "play it again" not in out.getvalue()


class Interrupting(SystemClock):
    """A clock at whose nth reading somebody presses Ctrl-C."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def now_s(self) -> float:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return super().now_s()


@pytest.mark.parametrize(
    ("limits", "rules"),
    [
        (Limits(), "every rule kept so far"),
        (NO_BUDGET, "times so far; `--days 1` gets to the first, on day 0"),
    ],
)
def test_ctrl_c_ends_it_with_what_is_known_by_then(tmp_path: Path, limits: Limits, rules: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        swarm(Printer(out, err, SystemClock()), Interrupting(3), 5, 9, Density.DENSE, tmp_path, limits)

    assert "" == out.getvalue()
    assert "stopped after 2 of 9 days of seed 5: " in err.getvalue()
    assert rules in err.getvalue()
    assert 1 == len(err.getvalue().splitlines())


def test_an_error_that_is_never_taken_back_is_caught() -> None:
    days = (judge_day(draw(5, number, Density.DENSE), LAZY) for number in range(30))

    assert any(RECOVERY in [one.promised for one in day.broken] for day in days)


def test_an_exception_is_a_broken_rule() -> None:
    broken = judge_day(draw(5, 0), Limits(ladder_s=())).broken

    assert ["no exception"] == [one.promised for one in broken]
    assert "IndexError" in broken[0].got or "ValueError" in broken[0].got
