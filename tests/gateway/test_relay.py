from __future__ import annotations

import json
import math
import socket

import pytest
import websocket

from kitefeed_cli.gateway import doorway, relay
from kitefeed_cli.gateway.server import Serving
from kitefeed_cli.gateway.upstream import Declined
from kitefeed_cli.problems import Problem

from .desk import FULL, INDEX_FULL, INFY, NIFTY, QUOTE, SBIN, Desk, Listening, deeper, eventually, priced


def follows(client: Listening, mode: str, *tokens: int) -> None:
    """As the official clients do it."""
    client.say("subscribe", list(tokens))
    client.say("mode", [mode, list(tokens)])
    client.settle()


def test_each_client_gets_the_mode_it_asked_for_of_the_same_packet(desk: Desk) -> None:
    clients = {mode: desk.client() for mode in ("ltp", "quote", "full")}
    for mode, client in clients.items():
        follows(client, mode, INFY)
    eventually(lambda: desk.upstream.latest == {INFY: "full"})

    desk.bring(FULL, INDEX_FULL)

    assert [FULL[:8]] == clients["ltp"].packets()
    assert [QUOTE] == clients["quote"].packets()
    assert [FULL] == clients["full"].packets()


def test_a_change_of_the_depth_alone_is_a_tick_in_mode_full_only(desk: Desk) -> None:
    clients = {mode: desk.client() for mode in ("ltp", "quote", "full")}
    for mode, client in clients.items():
        follows(client, mode, INFY)
    desk.bring(FULL)
    for client in clients.values():
        client.packets()

    desk.bring(deeper(FULL))
    desk.bring(priced(FULL, 157400))

    assert [priced(FULL, 157400)[:8]] == clients["ltp"].packets()
    assert [priced(QUOTE, 157400)] == clients["quote"].packets()
    assert [deeper(FULL)] == clients["full"].packets()


def test_a_subscription_is_answered_with_the_last_known_packet(desk: Desk) -> None:
    desk.bring(FULL)
    client = desk.client()

    client.say("subscribe", [INFY, SBIN])
    assert [QUOTE] == client.packets(), "a plain subscribe is one in mode quote"
    client.say("mode", ["full", [INFY]])
    assert [FULL] == client.packets()
    client.say("mode", ["ltp", [INFY]])
    assert [FULL[:8]] == client.packets()


def test_one_that_unsubscribes_does_not_starve_the_others(desk: Desk) -> None:
    one, other = desk.client(), desk.client()
    follows(one, "quote", INFY, NIFTY)
    follows(other, "full", INFY)
    eventually(lambda: desk.upstream.latest == {INFY: "full", NIFTY: "quote"})

    other.say("unsubscribe", [INFY])
    eventually(lambda: desk.upstream.latest == {INFY: "quote", NIFTY: "quote"})
    one.say("unsubscribe", [NIFTY])
    eventually(lambda: desk.upstream.latest == {INFY: "quote"})
    desk.bring(FULL, INDEX_FULL)

    assert [QUOTE] == one.packets()
    one.close()
    eventually(lambda: desk.upstream.latest == {})


def test_heartbeats_come_while_the_feed_is_alive_and_stop_with_it(desk: Desk) -> None:
    client = desk.client()
    assert b"\0" == client.next()

    desk.upstream.become(state="signed-out", source=None, frame_age_s=math.inf, why="token-expired")
    said = client.text()
    later = [client.next() for _ in range(2)]

    assert "message" == said["type"]
    assert "signed-out (token-expired)" in said["data"]
    assert "last known" in said["data"]
    assert all(isinstance(one, str) for one in later), "nothing that could be taken for a sign of life"

    desk.upstream.become(state="live", source="feed", frame_age_s=0.1, why=None)
    assert "kitefeed: live" == client.text()["data"]
    assert b"\0" == client.next()


def test_a_client_that_comes_while_the_feed_is_away_is_told_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_TELL_S", 60.0)
    before = desk.client()
    desk.upstream.become(state="polling", source="rest", frame_age_s=math.inf, why="feed-dropped")
    before.text()  # the change has been told

    said = desk.client().text()["data"]

    assert "polling (feed-dropped)" in said
    assert "prices come from rest" in said


def test_a_feed_that_falls_silent_is_told_before_the_run_gives_it_up(desk: Desk) -> None:
    client = desk.client()
    desk.upstream.become(frame_age_s=6.2)

    assert "kitefeed: the feed has brought nothing for 6 s" == client.text()["data"]


def test_an_honest_relay_closes_and_stays_closed_while_nothing_serves() -> None:
    with Desk(Serving(honest=True)) as desk:
        client = desk.client()
        assert b"\0" == client.next()
        desk.upstream.become(state="stale", source=None, frame_age_s=9.0, why="kite-unreachable")

        code, reason = client.closed()
        with pytest.raises(websocket.WebSocketBadStatusException, match="503"):
            desk.client()

        assert 1013 == code
        assert "stale (kite-unreachable)" in reason
        assert {"no source": 1} == desk.state()["counters"]["clients_sent_off"]


def test_texts_of_kite_pass_through_as_they_are(desk: Desk) -> None:
    client = desk.client()
    order = '{"type":"order","data":{"order_id":"1", "status":"COMPLETE"}}'
    eventually(lambda: b"\0" == client.next())

    desk.gateway.pass_on(order)

    got = client.next()
    while isinstance(got, bytes):
        got = client.next()
    assert order == got


def test_a_client_hears_which_instruments_it_will_not_get(desk: Desk) -> None:
    desk.upstream.declines = [Declined((99,), "Kite lists no such instrument")]
    client = desk.client()
    client.say("subscribe", [99, INFY])

    told = client.text()

    assert {"type": "error", "data": "kitefeed: no ticks for 99: Kite lists no such instrument"} == told


def test_more_than_three_thousand_instruments_are_refused_in_kites_words(desk: Desk) -> None:
    desk.bring(FULL)
    client = desk.client()
    client.say("subscribe", [INFY])
    client.packets()
    client.say("subscribe", list(range(1_000_000, 1_003_000)))

    assert {"type": "error", "data": "Can't subscribe to more than 3000 instruments."} == client.text()
    desk.bring(priced(FULL, 157400))
    assert [priced(QUOTE, 157400)] == client.packets(), "earlier subscriptions stay"


@pytest.mark.parametrize(
    "nonsense", ["", "{", "[]", '{"a":"subscribe","v":["408065"]}', '{"a":"mode","v":["tape",[1]]}', "[" * 50_000]
)
def test_what_kite_does_not_understand_is_ignored(desk: Desk, nonsense: str) -> None:
    client = desk.client()
    client.ws.send(nonsense)
    client.say("subscribe", [INFY])
    eventually(lambda: desk.upstream.wanted == [{INFY: "quote"}])


def test_a_message_that_is_too_large_ends_the_connection(desk: Desk) -> None:
    client = desk.client()
    client.ws.send("x" * (relay.MESSAGE_MAX + 1))

    assert 1009 == client.closed()[0]


def test_one_that_subscribes_one_by_one_is_read_more_slowly_and_gets_all_of_it(desk: Desk) -> None:
    client = desk.client()
    tokens = [(number << 8) + 1 for number in range(1, 401)]
    for token in tokens:
        client.say("subscribe", [token])

    eventually(lambda: dict.fromkeys(tokens, "quote") == desk.upstream.latest)
    assert {} == desk.state()["counters"]["clients_sent_off"]


def test_a_flood_of_pings_is_answered_no_faster_than_other_messages(desk: Desk) -> None:
    client = desk.client()
    began_s = desk.clock.now_s()
    for _ in range(300):
        client.ws.ping()
    pongs = 0
    while pongs < 300:
        pongs += client.ws.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_PONG

    assert desk.clock.now_s() - began_s >= 0.9


def test_a_client_too_many_is_turned_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "CLIENTS_MAX", 1)
    first = desk.client()

    with pytest.raises(websocket.WebSocketBadStatusException, match="429"):
        desk.client()
    first.close()
    eventually(lambda: _comes_in(desk))


def _comes_in(desk: Desk) -> bool:
    try:
        desk.client()
    except websocket.WebSocketBadStatusException:
        return False
    return True


def test_a_client_that_follows_nothing_is_sent_off_after_a_minute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "IDLE_MAX_S", 0.5)
    idle, busy = desk.client(), desk.client()
    busy.say("subscribe", [INFY])

    code, reason = idle.closed()

    assert 1008 == code
    assert "idle" in reason
    desk.bring(FULL)
    assert [QUOTE] == busy.packets()


def test_a_client_that_does_not_read_loses_no_last_value_and_is_sent_off_in_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BEHIND_MAX_S", 1.0)
    stuck, quick = desk.client(), desk.client()
    tokens = [(number << 8) + 1 for number in range(1, 501)]
    for client in (stuck, quick):
        client.say("mode", ["full", tokens])
    eventually(lambda: 500 == len(desk.upstream.latest))
    for step in range(400):
        desk.bring(*(token.to_bytes(4, "big") + priced(FULL, step)[4:] for token in tokens))
        quick.packets()
    eventually(lambda: [2] == [one["number"] for one in desk.state()["clients"]])

    assert {"too slow": 1} == desk.state()["counters"]["clients_sent_off"]
    desk.bring(tokens[0].to_bytes(4, "big") + FULL[4:])
    assert 1 == len(quick.packets())
    with pytest.raises((websocket.WebSocketException, OSError)):
        stuck.closed()


def test_a_client_that_catches_up_has_the_last_value_of_each_instrument(desk: Desk) -> None:
    slow = desk.client()
    tokens = [(number << 8) + 1 for number in range(1, 501)]
    slow.say("mode", ["full", tokens])
    eventually(lambda: 500 == len(desk.upstream.latest))
    for step in range(400):
        desk.bring(*(token.to_bytes(4, "big") + priced(FULL, step)[4:] for token in tokens))
    eventually(lambda: desk.state()["clients"][0]["conflated"] > 0)

    latest: dict[bytes, int] = {}
    while len(latest) < 500 or any(units != 399 for units in latest.values()):
        for packet in slow.packets():
            latest[packet[:4]] = int.from_bytes(packet[4:8], "big")

    eventually(lambda: desk.state()["clients"][0]["behind_s"] == 0)


def test_no_access_token_of_a_client_is_kept(desk: Desk, canary: object) -> None:
    client = desk.client(query="?api_key=k&access_token=" + canary.access_token)  # type: ignore[attr-defined]
    client.next()

    assert canary.access_token not in json.dumps(desk.state())  # type: ignore[attr-defined]


def test_a_relay_key_is_asked_for_where_there_is_one() -> None:
    key = "relaykeyrelaykey0123"
    with Desk(Serving(key=key)) as desk:
        assert b"\0" == desk.client(query=f"?api_key=k&access_token={key}").next()
        for query in ("", "?api_key=k&access_token=another0another0another0", f"?api_key={key}"):
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                desk.client(query=query)


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_our_own_names_are_let_in(desk: Desk, host: str) -> None:
    assert desk.client(host=host.format(port=desk.gateway.port)).next()


@pytest.mark.parametrize(
    "host",
    ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "192.168.1.7:{port}", "localhost.evil.example:{port}", "x"],
)
def test_a_foreign_name_is_refused_before_the_upgrade(desk: Desk, host: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        desk.client(host=host.format(port=desk.gateway.port))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_is_refused_before_the_upgrade(desk: Desk, origin: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        desk.client(header={"Origin": origin.format(port=desk.gateway.port)})


def test_our_own_page_is_let_in(desk: Desk) -> None:
    assert desk.client(header={"Origin": f"http://127.0.0.1:{desk.gateway.port}"}).next()


def test_a_port_that_is_taken_is_a_problem_with_a_next_step(desk: Desk) -> None:
    with pytest.raises(Problem, match="cannot be served"):
        Desk(Serving(port=desk.gateway.port)).gateway.start()


def test_clients_are_told_that_the_relay_ends() -> None:
    with Desk() as desk:
        client = desk.client()
        client.next()
        desk.gateway.stop()

        assert (1001, "kitefeed ends") == client.closed()


def test_what_the_clients_want_is_said_again_every_few_seconds(desk: Desk) -> None:
    desk.client().say("subscribe", [INFY])
    eventually(lambda: desk.upstream.wanted.count({INFY: "quote"}) >= 2, patience_s=8.0)


def test_connections_that_ask_for_nothing_are_ended_where_there_are_too_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorway, "CONNECTIONS_MAX", 5)
    client = desk.client()
    client.say("subscribe", [INFY])
    client.settle()
    silent = [socket.create_connection(("127.0.0.1", desk.gateway.port), timeout=5) for _ in range(10)]
    silent[0].sendall(b"GET / HTTP/1.1\r\nHost: ")

    assert [b""] * 10 == [one.recv(1) for one in silent]
    for one in silent:
        one.close()
    desk.bring(FULL)
    assert [QUOTE] == client.packets(), "who was there is served on"


def test_requests_that_take_long_leave_room_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "CONNECTIONS_MAX", 5)
    for _ in range(5):
        desk.client()

    eventually(lambda: 503 == desk.get("/livez")[0])


def test_what_a_client_sends_is_not_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.client(header={"Sec-WebSocket-Protocol": "of-its-own"}).next()

    assert [] == [record.getMessage() for record in caplog.records if record.name.startswith("aiohttp")]


def test_a_bug_in_the_gateway_is_told_and_leaves_the_feed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.gateway.start()
    monkeypatch.setattr(desk.upstream, "condition", lambda: 1 / 0)
    eventually(lambda: desk.failures != [])
    desk.bring(FULL)
    desk.gateway.stop()

    assert "the feed goes on" in desk.failures[0].what
    assert "ZeroDivisionError" in desk.failures[0].why
