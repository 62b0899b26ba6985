"""`kitefeed explain`, as typed at a prompt."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from kitefeed_cli.console.pages import PAGES
from tests.conftest import Canary

from .conftest import COMMAND


def explain(*words: str, text: str | bytes | None = None, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, "explain", *words],
        input=text.encode() if isinstance(text, str) else text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, **environ},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_number_prints_its_page() -> None:
    code, out, err = explain("403")

    assert (0, "") == (code, err)
    assert out.startswith("403 Forbidden\n")
    assert "\n1. The access token has expired\n" in out
    assert "   named: token-expired" in out
    assert "`kitefeed validate`" in out
    assert 80 >= max(map(len, out.splitlines()))


@pytest.mark.parametrize("words", [("WebSocket", "connection", "was", "closed"), ("WebSocket connection was closed",)])
def test_quotes_may_be_left_out(words: tuple[str, ...]) -> None:
    assert explain(*words)[1].startswith("1006: ")


def test_an_error_is_taken_from_stdin_whatever_its_bytes() -> None:
    code, out, _ = explain("-", text=b"\xff\xfe Connection error: 1006 - (upgrade failed (403 - Forbidden))\n")

    assert 0 == code
    assert out.startswith("403 Forbidden\n")
    assert out.rstrip().endswith("See also: 1006, TokenException, PermissionException, 429")


def test_of_a_long_log_the_newest_lines_count() -> None:
    log = "429 Too Many Requests\n" + "09:15:00 tick\n" * 9000 + "TokenException: Invalid `checksum`.\n"

    assert explain("-", text=log)[1].startswith("TokenException: Invalid `checksum`.\n")
    assert "429" not in explain("-", text=log)[1].splitlines()[-1]


def test_without_a_text_it_lists_the_pages() -> None:
    code, out, err = explain()

    assert (0, "") == (code, err)
    assert [page.name for page in PAGES] == [line.split()[0] for line in out.splitlines()]


def test_an_unknown_text_ends_with_1_and_the_nearest_pages() -> None:
    code, out, err = explain("TokenExeption")

    assert (1, "") == (code, out)
    assert ["error:", "  why:", " next:"] == [line[:6] for line in err.splitlines()]
    assert "`kitefeed explain TokenException`" in err


@pytest.mark.parametrize("text", ["", "\n", "KeyError: 'depth'" + " and so on" * 9000])
def test_an_empty_or_strange_text_ends_with_1_in_three_lines(text: str) -> None:
    code, out, err = explain("-", text=text)

    assert (1, "") == (code, out)
    assert 3 == len(err.splitlines())
    assert 80 >= max(map(len, err.splitlines()))
    assert "`kitefeed explain` lists the pages" in err


def test_machines_get_objects() -> None:
    _, out, _ = explain("--json", "-", text="1006 (403 - Forbidden)")
    page = json.loads(out)

    assert ("403", ["1006"]) == (page["name"], page["also"])
    assert ["name", "tell", "next", "causes"] == list(page["meanings"][0])
    listed = [json.loads(line) for line in explain("--json")[1].splitlines()]
    assert [page.name for page in PAGES] == [page["name"] for page in listed]


@pytest.mark.parametrize(
    "pasted",
    [
        "what is {}?",
        "{}",
        "GET wss://ws.kite.trade/?api_key=abc&access_token={} failed",
        "Authorization: token key:{}",
        "the checksum {} was sent",
    ],
)
def test_a_secret_in_what_is_pasted_is_not_printed(pasted: str, canary: Canary) -> None:
    """Nobody registered it: it is known by its shape alone."""
    for secret in (canary.access_token, canary.request_token, canary.api_secret):
        _, out, err = explain("-", text=pasted.format(secret))

        assert secret not in out + err
        assert secret[:8] not in out + err


def test_a_poor_terminal_gets_the_same_page() -> None:
    plain = explain("429")[1]

    for environ in ({"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert plain == explain("429", **environ)[1]
    assert plain.isascii()
