from __future__ import annotations

import orjson
import pytest

from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address, errors
from kitefeed_cli.sharing.wants import Wish, added_up, decline

from .redis_server import RedisServer

INFY, SBIN = 408065, 779521
KEYS = Keys()


def wish(server: RedisServer) -> Wish:
    return Wish(Address.parse(server.url, "--from"))


def test_what_relays_want_is_added_up_in_the_richest_mode(server: RedisServer) -> None:
    one, other = wish(server), wish(server)
    one.tell({INFY: "ltp", SBIN: "full"})
    other.tell({INFY: "quote", SBIN: "ltp"})

    assert {INFY: "quote", SBIN: "full"} == added_up(server.client, KEYS)

    other.tell({})
    assert {INFY: "ltp", SBIN: "full"} == added_up(server.client, KEYS)


def test_a_relay_that_ends_wants_nothing(server: RedisServer) -> None:
    one, other = wish(server), wish(server)
    one.tell({INFY: "full"})
    other.tell({SBIN: "full"})
    one.drop()

    assert {SBIN: "full"} == added_up(server.client, KEYS)
    assert {} == one.tell({INFY: "full"}), "a late word of a relay that has ended counts no more"
    assert {SBIN: "full"} == added_up(server.client, KEYS)


def test_a_relay_that_was_killed_wants_nothing_after_half_a_minute(server: RedisServer) -> None:
    now_s, _ = server.client.time()
    for name, age_s in (("fresh", 25), ("old", 35), ("forgotten", 601)):
        told = {"at": now_s - age_s, "wanted": {str(INFY + age_s): "ltp"}}
        server.client.hset(KEYS.wants, name, orjson.dumps(told))

    assert {INFY + 25: "ltp"} == added_up(server.client, KEYS)
    assert {b"fresh", b"old"} == set(server.client.hkeys(KEYS.wants))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"at":"x","wanted":{}}',
        b'{"at":9999999999,"wanted":[1]}',
        b'{"at":9999999999,"wanted":{"x":"ltp"}}',
        b'{"at":9999999999,"wanted":{"0":"ltp","4294967296":"ltp","1":"rich","2":null,"3":["ltp"]}}',
        b'{"at":9999999999,"wanted":null}',
    ],
)
def test_what_is_no_wish_of_ours_is_left_out(server: RedisServer, text: bytes) -> None:
    wish(server).tell({INFY: "ltp"})
    server.client.hset(KEYS.wants, "odd", text)

    assert {INFY: "ltp"} == added_up(server.client, KEYS)


def test_no_relay_can_want_more_than_anybody_can_follow(server: RedisServer) -> None:
    wish(server).tell(dict.fromkeys(range(1, 20_001), "ltp"))

    assert 9000 == len(added_up(server.client, KEYS))


def test_what_the_publisher_declines_comes_back_to_every_relay(server: RedisServer) -> None:
    one = wish(server)
    assert {} == one.tell({INFY: "ltp"})
    decline(server.client, KEYS, {"it is not known": [INFY]})

    assert {"it is not known": [INFY]} == one.tell({INFY: "ltp"})
    server.client.set(KEYS.declined, "[1]")
    assert {} == one.tell({INFY: "ltp"})


def test_a_redis_that_is_away_is_an_error_to_the_one_who_asks_and_none_to_the_one_who_leaves(
    server: RedisServer,
) -> None:
    one = wish(server)
    one.tell({INFY: "ltp"})
    server.kill()

    with pytest.raises(errors()):
        one.tell({INFY: "ltp"})
    one.drop()
