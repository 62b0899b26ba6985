"""Whatever order of giving, acknowledging, crashing, taking over and trimming: a real Redis, and a model beside it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.sharing.group import Delivery, Group, Ticket
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.ticks.batch import TickBatch
from kitefeed_cli.ticks.gaps import Gap

from .pen import Pen, ltp
from .redis_server import RedisServer, redis_server

CLOCK = SystemClock()
INFY = 408065
NAMES = ("one", "two", "three")
_WHO = st.sampled_from(NAMES)
_CONNECTION = st.integers(1, 2)


class Sharing(RuleBasedStateMachine):
    """Entries are numbered over both connections; a price is a number."""

    server: ClassVar[RedisServer]

    @initialize()
    def begin(self) -> None:
        self.server.client.flushall()
        self.client: redis.Redis = Address.parse(self.server.url, "--from").connect(1.0)
        self.pen = Pen(self.server.client)
        self.written = 0
        self.places: dict[int, list[int]] = {1: [], 2: []}  # what is in each stream, the oldest first
        self.trimmed: set[int] = set()
        self.given: set[int] = set()
        self.acknowledged: set[int] = set()
        self.holes: dict[Ticket, int] = {}  # entries that were told to be trimmed
        self.hands: dict[str, list[Delivery]] = {name: [] for name in NAMES}
        self.readers = {name: self._reader(name) for name in NAMES}

    def _reader(self, name: str) -> Group:
        group = Group(Keys(), "book", name, decode, CLOCK, from_start=True, claim_s=3600.0)
        self._take(name, group)
        return group

    def _take(self, name: str, group: Group) -> None:
        for delivery in group.read(self.client, 0.0):
            self.hands[name].append(delivery)
            if isinstance(delivery.what, TickBatch):
                (price,) = delivery.what.prices()
                number = round(price * 100)
                assert number not in self.acknowledged, "given out again"
                assert delivery.redelivered or number not in self.given, "doubled unmarked"
                self.given.add(number)
            elif isinstance(delivery.what, Gap) and delivery.what.cause == "trimmed":
                self.holes[delivery.ticket] = delivery.more["entries"]

    @rule(many=st.integers(1, 20), connection=_CONNECTION)
    def write(self, many: int, connection: int) -> None:
        for _ in range(many):
            self.written += 1
            self.pen.packets(ltp(INFY, self.written), connection=connection)
            self.places[connection].append(self.written)

    @rule()
    def another_publisher(self) -> None:
        self.pen = Pen(self.server.client, epoch=self.pen.epoch + 1)

    @rule(name=_WHO)
    def read(self, name: str) -> None:
        self._take(name, self.readers[name])

    @rule(name=_WHO, many=st.integers(1, 40))
    def acknowledge(self, name: str, many: int) -> None:
        some, self.hands[name] = self.hands[name][:many], self.hands[name][many:]
        self.readers[name].acknowledge(some)
        self.readers[name].settle(self.client)
        for delivery in some:
            if isinstance(delivery.what, TickBatch):
                self.acknowledged.add(round(delivery.what.prices()[0] * 100))

    @rule(name=_WHO)
    def crash(self, name: str) -> None:
        self.hands[name] = []
        self.readers[name] = self._reader(name)

    @rule(name=_WHO)
    def reconnect(self, name: str) -> None:
        self.readers[name].resume()
        self._take(name, self.readers[name])

    @rule(name=_WHO)
    def take_over(self, name: str) -> None:
        """What any other one has in its hands, at once."""
        self.readers[name]._claim_ms, self.readers[name]._claim_at_s = 0, 0.0
        self._take(name, self.readers[name])
        self.readers[name]._claim_ms, self.readers[name]._theirs = 3_600_000, {}

    @rule(connection=_CONNECTION, left=st.integers(0, 10))
    def trim(self, connection: int, left: int) -> None:
        self.server.client.xtrim(Keys().stream(connection), maxlen=left, approximate=False)
        gone = self.places[connection][: max(0, len(self.places[connection]) - left)]
        self.trimmed |= set(gone)
        self.places[connection] = self.places[connection][len(gone) :]

    def teardown(self) -> None:
        """One reader is left, with all that the others had and all that is new."""
        if not hasattr(self, "readers"):
            return
        self.hands["one"] = []
        last = Group(Keys(), "book", "one", decode, CLOCK, from_start=True, claim_s=0.0)
        self.pen.packets(ltp(INFY, self.written + 1), connection=1)
        self.pen.packets(ltp(INFY, self.written + 2), connection=2)  # what is trimmed at the end shows behind it
        idle = 0
        while idle < 3:
            before = len(self.hands["one"])
            self._take("one", last)
            idle = idle + 1 if len(self.hands["one"]) == before else 0

        never_given = self.trimmed - self.given
        assert set() == set(range(1, self.written + 1)) - self.given - never_given
        told = sum(self.holes.values())
        assert (
            len(never_given | (self.trimmed - self.acknowledged))
            <= told
            <= len(never_given | (self.trimmed & self.given))
        )
        self.client.close()


def test_every_order_keeps_the_promises(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server:
        Sharing.server = server
        run_state_machine_as_test(Sharing, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
