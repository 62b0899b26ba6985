"""What holds in every world: random ones, hostile ones, and those that become healthy again.

`World` is a playbook with a judge: after every event it checks the invariants against its own books (tokens, sockets,
lines told), never against the policy's ledger alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kitefeed_cli.policy import DEFAULT, Limits, Shown
from kitefeed_cli.policy.actions import Action, CheckToken, CloseFeed, Finish, Note, OpenFeed, PollQuotes, Report, Say
from kitefeed_cli.policy.causes import Remedy
from kitefeed_cli.policy.events import (
    Answer,
    Event,
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    Started,
    StopAsked,
    TimeUp,
    TokenChecked,
    TokenStored,
)

from .playbook import Play

_CONNECTION_EVENTS = (FeedOpened, FeedRefused, FeedUnreachable, FeedTicked, FeedClosed)
_ANSWERS = (*_CONNECTION_EVENTS, TokenChecked, QuotesPolled)


@dataclass
class Window:
    """Counts what may happen at most `most` times in any stretch of `seconds`."""

    most: int
    seconds: float
    times: list[float] = field(default_factory=list)

    def add(self, at_s: float, what: str) -> None:
        self.times = [*(t for t in self.times if t > at_s - self.seconds), at_s]
        assert len(self.times) <= self.most, f"{len(self.times)} {what} in {self.seconds:.0f} s"


class World(Play):
    """A playbook with a judge."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        super().__init__(limits)
        self.token = 0  # the number of the saved access token; 0: nothing usable is saved
        self.newest_token = 0
        self.asked_about: dict[int, int] = {}  # question → token
        self.dead: set[int] = set()
        self.socket: int | None = None  # the connection that is being opened or is open
        self.told: list[Remedy] = []  # in this outage
        self.unrecovered = False  # an error was printed and no recovery line yet
        self.recoveries = 0  # since the last error or outage
        self.closed = False  # the user was told that the market is
        self.last_ask = 0
        self.polled_s = -inf
        self.checks, self.opens = Window(8, 60.0), Window(8, 60.0)
        self.polls, self.errors_told = Window(20, 60.0), Window(6, 3600.0)
        self.stopped = False

    def event(self, event: Event) -> list[Action]:
        before, was_live, stale = self.state, self.where == "Live", self._is_stale(event)
        self._before(event)
        actions = super().event(event)
        if stale:
            assert before == self.state
            assert [] == actions
        for action in actions:
            self._judge(action, event, was_live)
        if self.stopped:
            assert all(isinstance(action, CloseFeed | Finish) for action in actions)
        self.stopped = self.stopped or isinstance(event, StopAsked)
        self._after()
        return actions

    def _before(self, event: Event) -> None:
        match event:
            case Started() if self.where != "Idle":
                pass
            case Started(saved) | TokenStored(saved):
                another = isinstance(event, Started) or event.new or not self.token
                self.newest_token += saved is Saved.TOKEN and another
                self.token = self.newest_token if saved is Saved.TOKEN else 0
            case TokenChecked(ask, answer) if self.where == "Checking" and ask == self.check:
                token = self.asked_about[ask]
                if answer is Answer.TOKEN_DEAD:
                    self.dead.add(token)
                elif answer in (Answer.OK, Answer.NOT_PERMITTED):  # the second is about the plan: the token is known
                    self.dead.discard(token)
            case FeedRefused(ask) | FeedUnreachable(ask) if ask == self.socket and self.where == "Opening":
                self.socket = None
            case FeedClosed(ask) if ask == self.socket and self.where in ("Joined", "Live"):
                self.socket = None
            case _:
                pass

    def _is_stale(self, event: Event) -> bool:
        if isinstance(event, _CONNECTION_EVENTS):
            return event.ask != self.feed
        if isinstance(event, TokenChecked):
            return event.ask != self.check
        return isinstance(event, QuotesPolled) and event.ask != self.poll

    def _judge(self, action: Action, event: Event, was_live: bool) -> None:
        match action:
            case CheckToken(ask) | OpenFeed(ask) | PollQuotes(ask):
                assert ask == self.last_ask + 1, "a number is used once"
                self.last_ask = ask
                self._judge_question(action)
            case CloseFeed(ask):
                assert ask == self.socket
                self.socket = None
                if was_live:
                    assert isinstance(event, TimeUp | StopAsked) or (isinstance(event, QuotesPolled) and event.moved)
            case Report(cause):
                self.errors_told.add(self.now_s, "errors")
                order = list(Remedy)
                assert all(order.index(one) < order.index(cause.remedy) for one in self.told), "wait, fix, log in"
                self.told.append(cause.remedy)
                self.unrecovered, self.recoveries = True, 0
            case Say(Note.MARKET_CLOSED):
                self.closed = True
            case Say(Note.LIVE) if self.closed:
                self.closed, self.unrecovered = False, False  # the market opened
            case Say(Note.LIVE | Note.LIVE_AGAIN):
                self.closed = False
                self.recoveries += 1
                assert self.recoveries == 1, "recovered twice"
                self.unrecovered = False
            case Say(Note.LOGGED_IN | Note.WOKE):
                self.told, self.recoveries = [], 0
            case _:
                pass

    def _judge_question(self, action: CheckToken | OpenFeed | PollQuotes) -> None:
        assert self.token, "nothing is asked without an access token"
        match action:
            case CheckToken(ask):
                self.asked_about[ask] = self.token
                self.checks.add(self.now_s, "token checks")
            case OpenFeed(ask):
                assert self.asked_about[self.check] not in self.dead, "opened with a token that REST calls dead"
                assert self.socket is None, "two sockets"
                self.socket = ask
                self.opens.add(self.now_s, "handshakes")
            case PollQuotes():
                assert self.where != "SignedOut"
                assert self.where == "Live" or self.shown is not Shown.SIGNED_OUT
                assert self.now_s - self.polled_s >= self.limits.poll_gap_s, "two polls within a second"
                self.polled_s = self.now_s
                self.polls.add(self.now_s, "polls")

    def _after(self) -> None:
        if self.state.ledger.outage is None:
            self.told, self.recoveries = [], 0
        if self.shown is Shown.LIVE and not self.stopped:
            assert self.where == "Live"
            assert not self.unrecovered, "an error without its recovery line"
        if self.shown is Shown.POLLING and self.where != "Stopped":
            assert self.state.ledger.polls.served
        if self.stopped:
            assert self.due_s == inf


# --- what a world may do ----------------------------------------------------------------------------------------------

Deed = Callable[[World, random.Random], object]


def _answer(dice: random.Random) -> Answer:
    return dice.choice(list(Answer))


def _sleep(world: World, dice: random.Random) -> None:
    slept_s = dice.choice([3.0, 60.0, 8 * 3600.0])
    if dice.random() < 0.5:
        world.frames_stopped_s = world.now_s
    world.now_s += slept_s
    world.woke(slept_s)


def _stale(world: World, dice: random.Random) -> None:
    ask = dice.randrange(1, world.last_ask + 2)
    events: list[Event] = [
        TokenChecked(ask, _answer(dice)),
        QuotesPolled(ask, _answer(dice), moved=True),
        FeedOpened(ask),
        FeedTicked(ask, True, True),
        FeedClosed(ask),
        FeedUnreachable(ask),
        FeedRefused(ask, 403),
    ]
    event = dice.choice(events)
    if world._is_stale(event):
        world.event(event)


def _stop_ticks(world: World, _dice: random.Random) -> None:
    world.ticks_stopped_s = world.now_s


def _stop_frames(world: World, _dice: random.Random) -> None:
    world.frames_stopped_s = world.now_s


def _resume(world: World, _dice: random.Random) -> None:
    world.frames_stopped_s = world.ticks_stopped_s = None


def _ring_the_bell(world: World, dice: random.Random) -> None:
    world.trading = dice.random() < 0.7


def _open(world: World, _dice: random.Random) -> None:
    if world.where == "Opening":
        world.opened()


def _feed_event(event: Callable[[World], object]) -> Deed:
    """What only an open feed can do."""

    def deed(world: World, _dice: random.Random) -> None:
        if world.where in ("Joined", "Live"):
            event(world)

    return deed


DEEDS: dict[str, Deed] = {
    "check answers": lambda world, dice: world.checked(_answer(dice)),
    "check says good": lambda world, _: world.checked(Answer.OK),
    "check says dead": lambda world, _: world.checked(Answer.TOKEN_DEAD),
    "feed opens": _open,
    "feed refuses": lambda world, dice: world.refused(dice.choice([403, 403, 429, 502])),
    "feed is away": lambda world, _: world.unreachable(),
    "feed ticks": _feed_event(lambda world: world.ticked()),
    "feed sends a snapshot": _feed_event(lambda world: world.ticked(fresh=False)),
    "feed drops": _feed_event(lambda world: world.dropped()),
    "poll answers": lambda world, dice: world.polled(
        _answer(dice), dice.random() < 0.3, dice.choice([0.0, 20.0, 90.0])
    ),
    "poll serves": lambda world, _: world.polled(Answer.OK),
    "poll fails": lambda world, _: world.polled(Answer.UNREACHABLE),
    "new token": lambda world, _: world.stored(new=True),
    "same token": lambda world, _: world.stored(new=False),
    "token removed": lambda world, dice: world.stored(dice.choice([Saved.NOTHING, Saved.MALFORMED])),
    "sleep": _sleep,
    "an early look": lambda world, _: world.time_up(),
    "a look before the first frame": lambda world, _: world.event(TimeUp(inf, inf, True)),
    "an old answer": _stale,
    "ticks stop": _stop_ticks,
    "frames stop": _stop_frames,
    "all flows": _resume,
    "the bell": _ring_the_bell,
    "started again": lambda world, _: world.event(Started(Saved.TOKEN)),
}
_DELAYS_S = [0.0, 0.0, 0.1, 0.7, 1.0, 3.0, 5.0, 7.0, 15.0, 15.0, 60.0, 60.0, 400.0]


def _play(world: World, deeds: list[tuple[str, float]], dice: random.Random) -> None:
    for name, delay_s in deeds:
        DEEDS[name](world, dice)
        world.wait(delay_s)


@settings(max_examples=200)
@given(
    saved=st.sampled_from(Saved),
    deeds=st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.sampled_from(_DELAYS_S)), max_size=80),
    seed=st.integers(0, 2**16),
)
@example(saved=Saved.TOKEN, deeds=[("feed drops", 0.0)] * 5, seed=0)
def test_the_promises_hold_in_any_world(saved: Saved, deeds: list[tuple[str, float]], seed: int) -> None:
    world = World()
    world.start(saved)
    _play(world, deeds, random.Random(seed))


def _swarm_world(seed: int, steps: int) -> World:
    """A world of its own habits: which deeds it knows, how often it does them, and how fast it is."""
    dice = random.Random(seed)
    names = [name for name in sorted(DEEDS) if dice.random() < 0.6] or ["feed drops"]
    weights = [dice.random() ** 3 for _ in names]
    delays = dice.sample(_DELAYS_S, dice.randrange(1, len(_DELAYS_S)))
    world = World()
    world.start(dice.choice([Saved.TOKEN, Saved.TOKEN, Saved.NOTHING]))
    for _ in range(steps):
        name = _sensible(world, dice) if dice.random() < 0.5 else dice.choices(names, weights)[0]
        _play(world, [(name, dice.choice(delays))], dice)
    return world


def _sensible(world: World, dice: random.Random) -> str:
    """What a world would answer where the policy stands: random deeds alone rarely get a feed to live."""
    choices = {
        "Checking": ["check says good", "check says good", "check answers"],
        "Opening": ["feed opens", "feed opens", "feed refuses", "feed is away"],
        "Joined": ["feed ticks", "feed ticks", "feed drops"],
        "Live": ["feed drops", "an early look"],
        "Asking": ["poll answers"],
        "Waiting": ["poll answers", "poll serves", "poll fails"],
        "SignedOut": ["new token", "an early look"],
    }
    return dice.choice(choices.get(world.where, ["an early look"]))


@pytest.mark.parametrize("block", range(6))
def test_the_promises_hold_in_a_swarm_of_worlds(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        _swarm_world(seed, 150)


@pytest.mark.parametrize("block", range(4))
def test_a_stop_ends_every_run_at_once(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        world = _swarm_world(10_000 + seed, seed % 60)
        open_socket = world.socket
        actions = world.stop()

        assert [Finish()] == [action for action in actions if isinstance(action, Finish)]
        assert ([] if open_socket is None else [CloseFeed(open_socket)]) == [
            action for action in actions if isinstance(action, CloseFeed)
        ]
        _play(world, [(name, 1.0) for name in sorted(DEEDS) if name != "sleep"], random.Random(seed))


# --- worlds that become healthy ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recovery:
    """How long a healthy world took to be live, and the longest that was promised."""

    took_s: float
    promised_s: float


_ROUND_TRIP_S = 0.2


def _heal(world: World) -> Recovery:
    """From here on everything works: the token is good, REST and the feed answer, the market trades."""
    world.trading = True
    world.frames_stopped_s = world.ticks_stopped_s = None
    promised_s = _promised_s(world)
    healed_s = world.now_s
    if not world.token:
        world.stored(new=True)
    while not (world.where == "Live" and world.shown is Shown.LIVE):
        _healthy_move(world)
        assert world.now_s - healed_s <= promised_s, f"still {world.where} after {promised_s} s"
    return Recovery(world.now_s - healed_s, promised_s)


def _promised_s(world: World) -> float:
    ledger, limits = world.state.ledger, world.limits
    on_the_way_s = 3 * limits.check_s  # an attempt under way may fail yet
    if world.where == "Barred" or ledger.refusals >= limits.refusals - 1:
        return limits.slow_lane_s + on_the_way_s
    attempts = ledger.attempts.refilled(world.now_s, limits.attempts, limits.attempt_every_s).left
    if not world.token:
        return 3.0 if attempts else limits.attempt_every_s + 3.0
    throttled = ledger.polls.not_before_s > world.now_s
    if world.where == "Waiting" and ledger.polls.failed and attempts and not throttled and not ledger.refusals:
        return 10.0
    return limits.ladder_s[-1] + on_the_way_s


def _healthy_move(world: World) -> None:
    poll_is_open = world.state.ledger.polls.ask is not None
    if world.where in ("Checking", "Opening", "Joined", "Live"):
        world.wait(_ROUND_TRIP_S)
    match world.where:
        case "Checking":
            world.checked(Answer.OK)
        case "Opening":
            world.opened()
        case "Joined" | "Live":
            world.ticked()
        case "Asking" | "Waiting" if poll_is_open:
            world.wait(min(_ROUND_TRIP_S, world.due_s - world.now_s))
            world.polled(Answer.OK)
        case _:
            assert world.due_s < inf, f"{world.where} waits for ever"
            world.wait(world.due_s - world.now_s)


@pytest.mark.parametrize("block", range(6))
def test_from_wherever_a_healthy_world_begins_the_feed_is_live_in_time(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        world = _swarm_world(20_000 + seed, 10 + seed % 50)
        _heal(world)
        assert not world.unrecovered


@settings(max_examples=200)
@given(
    deeds=st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.sampled_from(_DELAYS_S)), max_size=60),
    seed=st.integers(0, 2**16),
)
def test_any_world_that_becomes_healthy_has_a_live_feed_in_time(deeds: list[tuple[str, float]], seed: int) -> None:
    world = World()
    world.start()
    _play(world, deeds, random.Random(seed))
    _heal(world)
