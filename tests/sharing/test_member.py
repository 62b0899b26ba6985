from __future__ import annotations

import pytest

from kitefeed_cli.kite.packets import decode
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.sharing.group import Group
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.member import Member
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.standing import Stands

from ..clocks import HandClock
from .pen import Pen, ltp
from .redis_server import RedisServer


class Told:
    """What the user was told."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.lines: list[str] = []

    def error(self, problem: Problem) -> None:
        self.errors.append(problem)

    def status(self, line: str) -> None:
        self.lines.append(line)


def member_on(url: str, told: Told, clock: HandClock) -> Member:
    group = Group(Keys(), "book", "one", decode, clock, from_start=True)
    return Member(Address.parse(url, "--from"), group, told, clock)


def test_no_publisher_is_blamed_while_it_cannot_know_that_redis_is_back(server: RedisServer) -> None:
    clock, told = HandClock(), Told()
    member = member_on(server.url, told, clock)
    Pen(server.client).condition()
    member.take(0.0)
    assert Stands("live") == member.stands()
    server.pause()
    member.take(0.0)
    assert Stands("stale", "redis-away") == member.stands()
    clock.at_s += 6.0
    server.resume()
    member.take(0.0)

    assert Stands("stale", "redis-away") == member.stands()
    clock.at_s += 9.0
    member.take(0.0)
    assert Stands("stale", "no-publisher") == member.stands()
    member.close()


def test_a_connection_that_breaks_for_a_moment_is_not_worth_a_line(server: RedisServer) -> None:
    clock, told = HandClock(), Told()
    member = member_on(server.url, told, clock)
    member.take(0.0)
    server.client.client_kill_filter(_type="normal", skipme=True)
    assert [] == member.take(0.0)
    Pen(server.client).packets(ltp(408065, 100))
    given = member.take(0.0)
    member.acknowledge(given)
    member.close()

    assert 1 == len(given)
    assert ([], []) == (told.errors, told.lines)


@pytest.mark.parametrize("what", ["a string", "a replica", "no permission"])
def test_what_no_waiting_cures_is_raised_at_the_start(server: RedisServer, what: str) -> None:
    if what == "a string":
        server.client.set(Keys().stream(1), "no stream")
    elif what == "a replica":
        server.client.replicaof("127.0.0.1", "1")
    else:
        server.client.acl_setuser("default", commands=["-xgroup", "-xinfo"])
    member = member_on(server.url, Told(), HandClock())

    with pytest.raises(Problem) as caught:
        member.take(0.0)
    assert Exit.USAGE == caught.value.exit_code


def test_a_group_that_goes_on_elsewhere_is_told_in_one_line_each(server: RedisServer) -> None:
    told = Told()
    member = member_on(server.url, told, clock := HandClock())
    Pen(server.client).packets(ltp(408065, 100))
    member.acknowledge(member.take(0.0))
    server.client.xgroup_destroy(Keys().stream(1), "book")
    member.take(0.0)
    member.take(0.0)
    server.client.flushall()
    clock.at_s += 1.0
    member.take(0.0)
    clock.at_s += 1.0
    member.take(0.0)
    server.client.xadd(Keys().stream(1), {"x": "y"})
    server.client.xadd(Keys().stream(1), {"x": "y"})
    member.take(0.0)
    member.take(0.0)
    member.close()

    assert [
        "The group was gone and goes on at its place; what was not acknowledged may be missing",
        "Redis has lost everything; the group goes on with what is new",
        "An entry was left out, since kitefeed has not written it; more are only counted",
    ] == told.lines
