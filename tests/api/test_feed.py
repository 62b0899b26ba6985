from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kitefeed_cli import Batch, Feed, Problem
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.wiring.loop.seat import Seat
from kitefeed_cli.wiring.run.feed_run import FeedRun

from .conftest import CLOCK, PATIENCE_S, batch_of, descriptors, eventually

pytestmark = pytest.mark.usefixtures("env_file")

RESTARTS = 100


def handshakes(kite: LocalKite) -> int:
    return sum(row["kind"] == "ws" for row in kite.requests())


def held() -> tuple[int, int]:
    """How many threads, and how many descriptors (sockets among them)."""
    return threading.active_count(), descriptors()


def settled(before: tuple[int, int]) -> None:
    """As few as before, once the last threads and the local Kite's ends of the sockets are gone."""
    eventually(lambda: all(now <= was for now, was in zip(held(), before, strict=True)), f"{before}, but {held()}")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_loop_gets_batches_and_prints_nothing(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Feed("NSE:INFY", 256265, mode="full") as feed:
        batches = [batch for batch, _ in zip(feed, range(4), strict=False)]

        assert {"NSE:INFY": 408065, "NSE:NIFTY 50": 256265} == feed.instrument_tokens
        assert {"NSE:INFY", "NSE:NIFTY 50"} == {name for batch in batches for name in batch.instruments}
        assert sum(map(len, batches)) <= feed.counters.delivered
        eventually(lambda: feed.state in ("live", "closed"), "live")
        assert None is feed.problem
    assert ("", "") == capsys.readouterr()
    assert [] == errors(caplog)


def test_a_hundred_restarts_leave_no_thread_no_socket_and_no_descriptor() -> None:
    with Feed("NSE:INFY") as feed:  # what is loaded once
        next(feed)
    before = held()
    for _ in range(RESTARTS):
        with feed:
            next(feed)

    settled(before)


def test_loops_that_raise_leave_none_either() -> None:
    def divide(feed: Feed) -> None:
        with feed:
            for batch in feed:
                print(len(batch) / 0)

    before = held()
    for _ in range(10):
        feed = Feed("NSE:INFY", mode="full")
        with pytest.raises(ZeroDivisionError):
            divide(feed)
        assert "stopped" == feed.state

    settled(before)


def test_a_loop_left_by_break_can_be_taken_up_again() -> None:
    with Feed("NSE:INFY") as feed:
        for _ in feed:
            break
        first = feed.counters.delivered
        for _ in feed:
            break

        assert (1, 2) == (first, feed.counters.delivered)
    assert 256 > len(list(feed))  # what was left, and no more


def test_a_slow_loop_loses_the_oldest_batches_and_hears_of_it_while_the_reader_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Feed("NSE:INFY", "NSE:SBIN", "NSE:NIFTY 50", backlog=2) as feed:
        batch_of(feed)
        eventually(lambda: feed.counters.dropped, "a drop")
        value = feed.last("NSE:SBIN")
        assert value is not None
        seen = value.exchange_at, value.last_price, value.volume
        eventually(lambda: (v := feed.last("NSE:SBIN")) and (v.exchange_at, v.last_price, v.volume) != seen, "a tick")
        assert feed.counters.waiting <= 2
        batch_of(feed)

    assert 1 == sum("were dropped, the oldest first" in text for text in errors(caplog))


def test_a_dead_token_is_one_error_in_the_log_and_a_login_starts_the_same_loop(
    kite: LocalKite,
    log_in: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    no_secret_in: Callable[..., None],
) -> None:
    kite.set_token("expired")
    with Feed("NSE:INFY") as feed:
        eventually(lambda: feed.state == "signed-out", "signed out")
        assert None is feed.next(0.2)
        eventually(lambda: feed.problem, "the problem")
        problem = feed.problem
        assert problem is not None
        assert ("token-expired", 0) == (problem.cause, handshakes(kite))
        assert {} == feed.lasts()
        log_in()
        batch_of(feed)
        eventually(lambda: feed.problem is None, "all well")

    assert [str(problem)] == errors(caplog)
    assert "this program notices" in problem.next_step
    assert ("", "") == capsys.readouterr()
    no_secret_in(repr(feed), caplog.text)


def test_a_login_during_the_loop_brings_the_ticks_back_without_a_restart(
    kite: LocalKite, log_in: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    with Feed("NSE:INFY") as feed:
        batch_of(feed)
        kite.set_token("expired")
        kite.set_faults({"feed": "dropped"})
        eventually(lambda: feed.state == "signed-out", "signed out")
        known = feed.lasts()["NSE:INFY"]
        while feed.next(0.1) is not None:
            pass
        kite.clear_faults()
        log_in()
        batch_of(feed)

        assert "last-known" == known.source
        assert "feed" == feed.lasts()["NSE:INFY"].source
    assert (2, 1) == (handshakes(kite), len(errors(caplog)))


def test_a_program_can_ask_what_is_missing(
    kite: LocalKite, log_in: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kitefeed_cli.ticks.gaps.GAP_S", 0.3)
    with Feed("NSE:INFY") as feed:
        batch_of(feed)
        kite.set_token("expired")
        kite.set_faults({"feed": "dropped"})
        eventually(lambda: feed.state == "signed-out", "signed out")
        CLOCK.sleep(0.5)  # how long the gap is to be, at least
        kite.clear_faults()
        log_in()
        eventually(lambda: "token-expired" in [gap.cause for gap in feed.gaps], "the gap")
        gap = next(gap for gap in feed.gaps if gap.cause == "token-expired")

    assert 0.5 <= gap.lasted_s
    assert ((408065,), False) == (gap.instruments, gap.open)
    assert gap in feed.gaps  # and after the block


def test_while_the_feed_is_away_quotes_come_with_the_keys_of_ticks(kite: LocalKite) -> None:
    with Feed("NSE:INFY", "NSE:NIFTY 50", mode="full") as feed:
        ticks = {tick["instrument_token"]: tick for _ in range(3) for tick in batch_of(feed).to_dicts()}
        kite.set_faults({"feed": "unreachable"})
        while (batch := batch_of(feed)).source != "rest":
            pass
        quotes = {tick["instrument_token"]: tick for tick in batch.to_dicts()}

        assert {408065, 256265} == ticks.keys() == quotes.keys()
        assert [tick.keys() for _, tick in sorted(ticks.items())] == [tick.keys() for _, tick in sorted(quotes.items())]
        eventually(lambda: feed.state == "polling", "polling")


def test_with_a_secondary_source_a_dead_token_stops_no_loop(
    kite: LocalKite, log_in: Callable[[], None], env_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with env_file.open("a") as file:
        file.write(f"UPSTOX_ANALYTICS_TOKEN={kite.upstox_token}\nKITEFEED_UPSTOX_ROOT={kite.rest_root}\n")
    with Feed("NSE:INFY", "NSE:NIFTY 50", mode="full", secondary="upstox") as feed:
        ticks = {tick["instrument_token"]: tick for _ in range(3) for tick in batch_of(feed).to_dicts()}
        kite.set_faults({"token": "expired", "feed": "dropped"})
        while (batch := batch_of(feed)).source != "upstox":
            pass
        values = {tick["instrument_token"]: tick for tick in batch.to_dicts()}
        eventually(lambda: feed.lasts()["NSE:INFY"].source == "upstox", "the value under its own name")

        assert "signed-out" == feed.state
        assert [tick.keys() for _, tick in sorted(ticks.items())] == [tick.keys() for _, tick in sorted(values.items())]
        assert batch["last_price"].tolist() == [tick["last_price"] for tick in batch.to_dicts()]
        log_in()
        while batch_of(feed).source != "feed":
            pass
        eventually(lambda: feed.lasts()["NSE:INFY"].source == "feed", "the feed again")
    assert 1 == len(errors(caplog))
    assert kite.upstox_token not in caplog.text


# ----------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "Feed was given no instruments"),
        (["NSE:NOBODY"], "NSE:NOBODY"),
        (range(1, 9002), "3,000"),
    ],
    ids=["none", "unknown", "too many"],
)
def test_instruments_that_cannot_be_followed_are_a_problem_at_once(words: list[str | int], why: str) -> None:
    feed = Feed(*words)
    with pytest.raises(Problem) as raised, feed:
        pytest.fail("it opened")

    assert why in str(raised.value)
    assert raised.value.next_step
    assert "stopped" == feed.state


def test_settings_that_cannot_be_right_are_a_problem_in_words_for_a_program(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no API key is set"), Feed("NSE:INFY", env_file=tmp_path / "none"):
        pytest.fail("it opened")
    (tmp_path / "bad").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Problem, match="env_file=") as raised, Feed("NSE:INFY", env_file=tmp_path / "bad"):
        pytest.fail("it opened")
    assert "--env-file" not in str(raised.value)


def test_what_python_itself_would_call_wrong_is_called_so() -> None:
    with pytest.raises(TypeError, match=r"Feed\(\*names\)"):
        Feed(["NSE:INFY", "NSE:SBIN"])  # type: ignore[arg-type]  # the mistake that everybody makes once
    with pytest.raises(ValueError, match="backlog"):
        Feed("NSE:INFY", backlog=0)
    with pytest.raises(RuntimeError, match="with Feed"):
        next(Feed("NSE:INFY"))
    with Feed("NSE:INFY") as feed:
        with pytest.raises(RuntimeError, match="open already"), feed:
            pytest.fail("it opened twice")
        with pytest.raises(KeyError, match="NSE:SBIN"):
            feed.last("NSE:SBIN")
        batch_of(feed)
    assert 256 > len(list(feed))
    with pytest.raises(RuntimeError, match="closed"):
        feed.next(0.0)


@pytest.mark.parametrize("wrong", [{"api_key": 5}, {"access_token": 5}, {"backlog": "5"}, {"backlog": 1.5}], ids=str)
def test_an_argument_of_the_wrong_type_is_a_type_error_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=type(next(iter(wrong.values()))).__name__):
        Feed("NSE:INFY", **wrong)


def test_the_numbers_of_a_column_are_instrument_tokens() -> None:
    token = np.array([408065])[0]
    with Feed(token) as feed:
        assert [token] == batch_of(feed)["instrument_token"].tolist()
        value = feed.last(token)
        assert value is not None
        assert "NSE:INFY" == value.instrument


@pytest.mark.parametrize("moment", ["look_up", "started"])
def test_ctrl_c_on_entering_leaves_nothing_behind(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Feed("NSE:INFY") as feed:  # what is loaded once
        batch_of(feed)
    before = held()
    start = threading.Thread.start

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    def started(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "kitefeed-loop":
            CLOCK.sleep(0.2)  # it has opened what it opens
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "look_up":
            patch.setattr(FeedRun, "look_up", interrupted)
        else:
            patch.setattr(threading.Thread, "start", started)
        with pytest.raises(KeyboardInterrupt), feed:
            pytest.fail("it opened")

    settled(before)
    with feed:
        batch_of(feed)


def test_settings_given_as_arguments_outrank_the_file(kite: LocalKite, env_file: Path) -> None:
    roots = "".join(line for line in env_file.read_text().splitlines(True) if "_ROOT" in line)
    env_file.write_text("KITE_API_KEY=somebodyelse0000\nKITE_ACCESS_TOKEN=somebodyelse0000\n" + roots)
    with Feed("NSE:INFY", env_file=env_file, api_key=kite.api_key, access_token=kite.access_token) as feed:
        batch_of(feed)


def test_a_bug_of_ours_is_raised_in_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("never shown")

    monkeypatch.setattr(Seat, "run", broken)
    with Feed("NSE:INFY") as feed:
        with pytest.raises(Problem, match=r"a bug of its own .*: KeyError at") as raised:
            next(feed)

        assert "never shown" not in str(raised.value)
        assert ("stopped", raised.value) == (feed.state, feed.problem)


# ------------------------------------------------------------------------------ threads


def test_two_feeds_at_once_have_a_connection_each(kite: LocalKite) -> None:
    with Feed("NSE:INFY") as one, Feed("NSE:SBIN") as other:
        assert ["NSE:INFY"] == batch_of(one).instruments
        assert ["NSE:SBIN"] == batch_of(other).instruments
    assert 2 == handshakes(kite)


def test_a_feed_lives_on_any_thread_and_ends_by_a_close_from_another() -> None:
    feed = Feed("NSE:INFY")
    came = threading.Event()

    def loop() -> None:
        with feed:
            for _ in feed:
                came.set()

    thread = threading.Thread(target=loop, name="kitefeed-test-loop")
    thread.start()
    assert came.wait(PATIENCE_S)
    feed.close()
    thread.join(PATIENCE_S)

    assert not thread.is_alive()
    feed.close()


def test_a_close_out_of_a_logging_handler_is_no_deadlock(kite: LocalKite) -> None:
    kite.set_token("expired")
    feed, closed = Feed("NSE:INFY"), threading.Event()

    class Closing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            feed.close()
            closed.set()

    handler = Closing(logging.ERROR)
    logging.getLogger("kitefeed").addHandler(handler)
    try:
        with feed:
            assert [] == list(feed)
            assert closed.wait(PATIENCE_S)
    finally:
        logging.getLogger("kitefeed").removeHandler(handler)


def test_a_logging_handler_that_raises_ends_nothing(kite: LocalKite) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tried.set()
            raise ConnectionError

    handler, tried = Failing(logging.ERROR), threading.Event()
    logging.getLogger("kitefeed").addHandler(handler)
    try:
        with Feed("NSE:INFY") as feed:
            next(feed)
            kite.set_faults({"feed": "unreachable"})
            assert tried.wait(PATIENCE_S)
            kite.clear_faults()
            eventually(lambda: feed.state == "live", "live")
            assert None is feed.problem
    finally:
        logging.getLogger("kitefeed").removeHandler(handler)


def test_a_close_from_another_thread_ends_an_entering_that_takes_its_time(kite: LocalKite) -> None:
    kite.set_faults({"rest": "blackholed"})
    feed, batches, asked = Feed("NSE:INFY"), list[Batch](), len(kite.requests())

    def enter() -> None:
        with feed:
            batches.extend(feed)

    thread = threading.Thread(target=enter, name="kitefeed-test-enter", daemon=True)
    thread.start()
    eventually(lambda: len(kite.requests()) > asked, "the list is asked for")
    feed.close()
    thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert [] == batches
    assert "stopped" == feed.state


def test_kite_away_at_the_start_is_waited_for(kite: LocalKite) -> None:
    kite.set_faults({"rest": "unreachable", "feed": "unreachable"})
    with Feed("NSE:INFY") as feed:
        assert None is feed.last("NSE:INFY")
        assert {} == feed.instrument_tokens
        kite.clear_faults()
        starts_s = CLOCK.now_s()
        batch_of(feed)

        assert {"NSE:INFY": 408065} == feed.instrument_tokens
        assert CLOCK.now_s() - starts_s < PATIENCE_S


def test_watchlist_files_and_rules_come_with_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("NSE:INFY\n")
    monkeypatch.setenv("KITEFEED_WATCHLIST", str(tmp_path / "mine.txt"))
    monkeypatch.setenv("KITEFEED_UNDERLYING", "BANKNIFTY")
    monkeypatch.setenv("KITEFEED_ATM", "1")
    with Feed(mode="ltp") as feed:
        assert 8 == len(feed.instrument_tokens)
        assert ["NSE:INFY", "NSE:NIFTY BANK"] == list(feed.instrument_tokens)[:2]
    with Feed("NSE:SBIN") as feed:
        assert ["NSE:SBIN"] == list(feed.instrument_tokens)
