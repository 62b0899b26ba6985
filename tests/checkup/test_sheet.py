"""The sheet: what is told, in which order, and when."""

from __future__ import annotations

from kitefeed_cli.checkup import CHECKS, Finding, Grade, Sheet, Verdict


def ok(name: str) -> Finding:
    return Finding(name, Grade.OK, "", 0.1)


def warn(name: str) -> Finding:
    return Finding(name, Grade.WARN, "odd", 0.1)


def test_a_new_sheet_has_reached_nothing() -> None:
    sheet = Sheet()

    assert list(CHECKS) == [finding.name for finding in sheet.findings]
    assert [] == sheet.reached
    assert Verdict.OK is sheet.verdict


def test_one_failure_makes_the_verdict_and_one_warning_a_warning() -> None:
    sheet = Sheet()
    sheet.write(warn("token"))
    verdicts = [sheet.verdict]
    sheet.fail("token")
    verdicts.append(sheet.verdict)

    assert [Verdict.WARN, Verdict.FAILED] == verdicts
    assert "odd" == sheet["token"].why


def test_lines_are_told_once_and_in_order() -> None:
    told: list[str] = []
    sheet = Sheet(told=lambda finding: told.append(finding.name))
    for name in reversed(CHECKS[:4]):
        sheet.write(ok(name))
    early = list(told)
    sheet.finish()

    assert list(CHECKS[:4]) == early
    assert list(CHECKS) == told


def test_a_warning_waits_until_something_beyond_it_works() -> None:
    told: list[tuple[str, Grade]] = []
    sheet = Sheet(("token", "market-data", "websocket"), lambda finding: told.append((finding.name, finding.grade)))
    sheet.write(warn("token"))
    before = list(told)
    sheet.write(ok("instruments"))  # needs nothing of Kite's
    still = list(told)
    sheet.write(ok("websocket"))
    after = list(told)
    sheet.finish()

    assert ([], []) == (before, still)
    assert [("token", Grade.WARN)] == after
    assert [("token", Grade.WARN), ("market-data", Grade.NOT_REACHED), ("websocket", Grade.OK)] == told


def test_a_warning_that_turns_into_the_failure_is_told_as_one() -> None:
    told: list[tuple[str, Grade]] = []
    sheet = Sheet(("token",), lambda finding: told.append((finding.name, finding.grade)))
    sheet.write(warn("token"))
    sheet.fail("token")

    assert [("token", Grade.FAILED)] == told


def test_what_was_not_asked_for_is_shown_only_when_it_is_in_the_way() -> None:
    local, far = Sheet(("disk",)), Sheet(("tick",))
    for sheet in (local, far):
        sheet.write(warn("token-store"))
    quiet = [[found.name for found in sheet.findings] for sheet in (local, far)]
    for sheet in (local, far):
        sheet.fail("token-store")
    loud = [[found.name for found in sheet.findings] for sheet in (local, far)]

    assert [["disk"], ["tick"]] == quiet
    assert [["disk"], ["token-store", "tick"]] == loud


def test_only_what_is_asked_for_is_announced() -> None:
    begun: list[str] = []
    sheet = Sheet(("token",), begun=begun.append)
    sheet.begin("dns")
    sheet.begin("token")

    assert ["token"] == begun
