from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.redact import REDACTOR
from kitefeed_cli.sharing.server import Address, check, errors, why_away

from ..ports import free_port
from .redis_server import RedisServer, redis_server


@pytest.mark.parametrize(
    ("text", "url", "shown", "name"),
    [
        ("redis://127.0.0.1", "redis://127.0.0.1", "127.0.0.1:6379", "main"),
        ("rediss://cache.example:6380/2?name=nse", "rediss://cache.example:6380/2", "cache.example:6380", "nse"),
        ("unix:///run/redis.sock?name=a.b", "unix:///run/redis.sock", "/run/redis.sock", "a.b"),
        ("redis://[::1]:7000", "redis://[::1]:7000", "::1:7000", "main"),
    ],
)
def test_an_address_names_a_redis_and_a_feed_in_it(text: str, url: str, shown: str, name: str) -> None:
    address = Address.parse(text, "KITEFEED_PUBLISH")

    assert (url, shown, name) == (address.url, address.shown, address.keys.name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:6379",
        "http://host",
        "redis://",
        "redis://host:port",
        "redis://host/db",
        "redis://host?db=1",
        "redis://host?name=",
        "redis://host?name=a%20b",
        "redis://host#x",
        "unix://",
    ],
)
def test_what_is_no_address_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(Problem) as caught:
        Address.parse(text, "--publish")

    assert Exit.USAGE == caught.value.exit_code
    assert "redis://127.0.0.1:6379" in caught.value.next_step


def test_a_password_is_hidden_wherever_the_address_is_shown() -> None:
    address = Address.parse("redis://me:hunter%20two@host", "KITEFEED_PUBLISH")

    assert "hunter" not in repr(address) + address.shown
    assert "hunter two" not in REDACTOR.redact("it said hunter two")


def test_a_password_on_the_command_line_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        Address.parse("redis://:hunter2hunter2@host", "--publish", secret=False)

    assert "KITEFEED_PUBLISH" in caught.value.next_step
    assert "hunter2" not in str(caught.value) + caught.value.why


def test_a_server_that_is_new_enough_passes(server: RedisServer) -> None:
    address = Address.parse(server.url, "--publish")

    with address.connect() as client:
        check(client, address)


def test_a_server_that_has_stopped_is_given_up_in_seconds(server: RedisServer) -> None:
    with Address.parse(server.url, "--publish").connect() as client:
        client.ping()
        server.pause()

        with pytest.raises(errors()) as caught:
            client.ping()

    assert ("it does not answer", "see whether it is up; it is tried again by itself") == why_away(caught.value)


def test_nobody_listening_is_named() -> None:
    address = Address.parse(f"redis://127.0.0.1:{free_port()}", "--publish")

    with address.connect() as client, pytest.raises(errors()) as caught:
        client.ping()

    assert "nothing listens there" == why_away(caught.value)[0]


def test_a_host_that_is_not_known_is_named() -> None:
    address = Address.parse("redis://no-such-host.invalid", "--publish")

    with address.connect() as client, pytest.raises(errors()) as caught:
        client.ping()

    assert "its name is not known" == why_away(caught.value)[0]


def test_a_wrong_password_is_named(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis", "--requirepass", "right-password") as server:
        address = Address.parse(f"redis://:wrong-password@127.0.0.1:{server.port}", "KITEFEED_PUBLISH")

        with address.connect() as client, pytest.raises(errors()) as caught:
            client.ping()

    what, cure = why_away(caught.value)
    assert ("it refuses the user or the password", True) == (what, "URL" in cure)


def test_a_full_memory_is_named(server: RedisServer) -> None:
    server.client.config_set("maxmemory", "1")
    address = Address.parse(server.url, "--publish")

    with address.connect() as client, pytest.raises(errors()) as caught:
        client.xadd("stream", {"p": b"x"})

    assert "its memory is full" == why_away(caught.value)[0]
