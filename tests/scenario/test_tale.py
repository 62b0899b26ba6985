"""A log becomes a tale: bands of what was seen, and sentences that say what the log says."""

from __future__ import annotations

from kitefeed_cli.scenario import catalogue, runner
from kitefeed_cli.scenario.explain import explained
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind, Log
from kitefeed_cli.scenario.tale import Tale, Voice, tale_of

from .stories import log

EXPIRED = catalogue.find("expired-token")


def expired() -> Tale:
    return tale_of(runner.play(read(EXPIRED)))


def sentences(log: Log, voice: Voice) -> list[str]:
    return [moment.text for band in tale_of(log).bands for moment in band.moments if moment.voice is voice]


def test_the_bands_are_the_states_that_were_shown_without_a_gap() -> None:
    tale = expired()
    states = [(band.state, band.cause) for band in tale.bands]

    assert ("connecting", "") == states[0]
    assert [("signed-out", "token-expired"), ("connecting", "token-expired"), ("live", "")] == states[-3:]
    assert [band.until_s for band in tale.bands[:-1]] == [band.from_s for band in tale.bands[1:]]
    assert tale.log.entries[-1].at_s == tale.bands[-1].until_s


def test_every_moment_lies_in_its_band_and_none_is_lost() -> None:
    tale = expired()

    for band in tale.bands:
        assert all(band.from_s <= moment.at_s <= band.until_s for moment in band.moments)
    told = [moment for band in tale.bands for moment in band.moments]
    assert sum(moment.times for moment in told if moment.text.startswith("asks Kite about")) == len(
        list(tale.log.of(Kind.CHECK))
    )


def test_the_one_error_is_one_moment_with_its_why_and_next() -> None:
    errors = [moment for band in expired().bands for moment in band.moments if moment.voice is Voice.ERROR]

    assert ["Kite no longer accepts your access token, so live ticks have stopped"] == [one.text for one in errors]
    assert ["why:", "next:"] == [line.split()[0] for line in errors[0].more]


def test_a_reason_stands_under_what_it_explains() -> None:
    flush = next(m for band in expired().bands for m in band.moments if m.text.startswith("Kite stops accepting"))

    assert ("The morning flush. Kite checks tokens only on connect, so ticks keep coming",) == flush.more


def test_the_waits_are_told_with_their_lengths_and_like_ones_once() -> None:
    waits = [moment for band in expired().bands for moment in band.moments if moment.voice is Voice.WAITS]

    assert ["5s", "15s", "30s", "1m 00s"] == [moment.text.split(" before")[0] for moment in waits]
    assert [1, 1, 1, 11] == [moment.times for moment in waits]


def test_a_question_is_told_with_its_answer_or_that_none_came() -> None:
    asked = log(
        (0.0, Kind.CHECK, "1 asks about the access token"),
        (0.0, Kind.POLL, "2 asks for quotes"),
        (6.0, Kind.CHECKED, "1 503 NetworkException"),
    )

    assert [
        "asks Kite about the access token: 503 NetworkException, after 6s",
        "asks REST for quotes: no answer",
    ] == sentences(asked, Voice.TRIES)


def test_what_the_world_did_is_told_in_words() -> None:
    world = log(
        (0.0, Kind.KITE, "feed unreachable"),
        (0.0, Kind.KITE, "rest unreachable"),
        (0.0, Kind.WHY, "The wifi is gone"),
        (5.0, Kind.USER, "logs in"),
        (6.0, Kind.USER, "a new access token is saved"),
        (7.0, Kind.COMPUTER, "sleeps for 33300 s"),
        (8.0, Kind.KITE, "token expired"),
    )

    assert [
        "at Kite: feed unreachable, rest unreachable",
        "the user logs in",
        "a new access token is saved",
        "the computer sleeps for 9h 15m",
        "Kite stops accepting the access token",
    ] == sentences(world, Voice.WORLD)


def test_a_log_of_nothing_is_still_a_tale() -> None:
    assert (
        "0 errors, 0 waits between tries; 0s without a live feed, and at the end: connecting"
        == tale_of(log()).summary()
    )


def test_the_summary_counts() -> None:
    assert "1 error, 14 waits between tries; 11m 52s without a live feed, and at the end: live" == expired().summary()


def test_in_a_terminal_each_band_has_a_bar_of_its_own_mark_and_the_longest_the_longest() -> None:
    lines = [line.text for line in explained(runner.run(EXPIRED, read(EXPIRED)))]
    band = {line.split()[1]: line for line in lines if line[8:10] == "  " and line[:1] in "01"}

    assert {"CONNECTING", "CLOSED", "LIVE", "SIGNED-OUT"} == set(band)
    assert "x" * 16 in band["SIGNED-OUT"]
    assert "#" * 24 == max((line.split()[2] for line in lines if "  LIVE  " in line), key=len)
    assert any(line.startswith("kept    errors") for line in lines)


def test_every_shipped_scenario_can_be_explained() -> None:
    for path in catalogue.shipped():
        scenario = read(path)
        if scenario.given.cassette is None:
            lines = [line.text for line in explained(runner.run(path, scenario))]
            assert lines[0].startswith(scenario.name)
            assert all(len(line) < 200 for line in lines)
