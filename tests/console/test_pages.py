"""The pages about errors: what they hold, and which one a text leads to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.console.pages import PAGES, Page, found, nearest
from kitefeed_cli.console.pages.markdown import as_markdown
from kitefeed_cli.console.pages.text import as_list, as_text
from kitefeed_cli.policy.causes import Cause

BY_NAME = {page.name: page for page in PAGES}

# What the official clients, their libraries and Kite print, as users paste it.
PASTED = {
    "403": "403",
    "403 Forbidden": "403",
    "Connection error: 1006 - connection was closed uncleanly (WebSocket connection upgrade failed (403 - "
    "Forbidden))": "403",
    "Connection closed: 1006 - connection was closed uncleanly (None)": "1006",
    "1006": "1006",
    "WebSocket connection was closed": "1006",
    "Connection error: 1006 - connection was closed uncleanly (peer dropped the TCP connection without previous "
    "WebSocket closing handshake)": "1006",
    "Retrying connection. Retry attempt count: 12. Next retry in around: 60 seconds": "retries",
    "kiteconnect.exceptions.TokenException: Incorrect `api_key` or `access_token`.": "TokenException",
    "TokenException": "TokenException",
    "403 TokenException": "TokenException",
    "WebSocket connection to 'wss://ws.kite.trade/?api_key=k&access_token=t' failed: Error 403": "403",
    "The server returned status code '403' when status code '101' was expected.": "403",
    "websocket: bad handshake": "403",
    "requests.exceptions.HTTPError: 502 Server Error for url: https://api.kite.trade/quote": "NetworkException",
    "kite said 429 to /quote?access_token=t": "429",
    '{"status":"error","message":"Incorrect `api_key` or `access_token`.","data":null,"error_type":"TokenException"}': (
        "TokenException"
    ),
    "kiteconnect.exceptions.TokenException: Token is invalid or has expired.": "request_token",
    "TokenException: Invalid `checksum`.": "checksum",
    "kiteconnect.exceptions.PermissionException: Insufficient permission for that call.": "PermissionException",
    "insufficient permission for\n that call": "PermissionException",
    "InputException: Invalid `api_key` or `access_token`.": "InputException",
    "kiteconnect.exceptions.NetworkException: Too many requests": "429",
    "WebSocket connection upgrade failed (429 - TooManyRequests)": "429",
    "429": "429",
    "ReactorNotResta\n  rtable": "ReactorNotRestartable",
    "twisted.internet.error.ReactorNotRestartable": "ReactorNotRestartable",
    "AttributeError: 'KiteTickerClientFactory' object has no attribute 'stop'": "ReactorNotRestartable",
    "Can't subscribe to more than 3000 instruments": "subscribe-limit",
    "HTTPSConnectionPool(host='api.kite.trade', port=443): Max retries exceeded with url: /user/profile (Caused by "
    "NameResolutionError: Failed to resolve 'api.kite.trade' ([Errno -2] Name or service not known))": "unreachable",
    "HTTPSConnectionPool(host='api.kite.trade', port=443): Read timed out. (read timeout=7)": "unreachable",
    "Max retries exceeded (Caused by ProxyError('Cannot connect to proxy', OSError('Tunnel connection failed: 403 "
    "Forbidden')))": "proxy",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate": "certificate",
    "kiteconnect.exceptions.DataException: Unknown Content-Type (text/html) with response: (b'<html>": "DataException",
    "Handshake status 403 Forbidden -+-+- {'date': 'Mon'} -+-+- None": "403",
    "502 Bad Gateway": "NetworkException",
    "Request failed (kt-quotes)": "NetworkException",
    "http://127.0.0.1:5000/?action=login&status=success&request_token=x": "request_token",
    "Invalid TOTP": "clock",
    "is my IP whitelisted?": "static-ip",
    "\x1b[1;31m403\x1b[0m": "403",
}


@pytest.mark.parametrize(("pasted", "name"), PASTED.items())
def test_a_pasted_error_leads_to_its_page(pasted: str, name: str) -> None:
    pages = found(pasted, PAGES)

    assert [name] == [page.name for page in pages[:1]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_that_stands_on_a_page_leads_to_it(page: Page) -> None:
    for text in (page.name, page.title, page.name.upper()):
        assert page == found(text, PAGES)[0]
    for text in (*page.seen, *page.words, *page.causes):
        assert page in found(text, PAGES)
        assert page in found(f"09:15:00 ERROR: {text}. More", PAGES)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_page(cause: Cause) -> None:
    assert any(cause.value in page.causes for page in found(cause.value, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_whole(page: Page) -> None:
    assert page.seen
    assert len(page.meanings) >= 2
    assert set(page.see) <= set(BY_NAME) - {page.name}
    assert repr(page).isascii()
    for text in (page.brief, page.title if "." not in page.title else "", *(meaning.tell for meaning in page.meanings)):
        assert not text.endswith(".")
    for meaning in page.meanings:
        assert meaning.name
        assert meaning.tell
        assert meaning.next


def test_pages_have_names_of_their_own() -> None:
    assert len(PAGES) == len({page.name.lower() for page in PAGES})


def test_the_page_of_the_403_names_everything_it_can_be() -> None:
    names = [meaning.name for meaning in BY_NAME["403"].meanings]

    assert "The access token has expired" == names[0]
    assert {
        "The access token has expired",
        "The app is on the free Personal plan",
        "Another string was saved as access token",
        "The Connect plan was bought after this login",
        "The access token belongs to another API key",
        "This Kite user is not enabled for the app",
        "You were logged out elsewhere",
        "A proxy or firewall answered, not Kite",
    } <= set(names)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("TokenExeption", "TokenException"), ("1005", "1006"), ("reactornotrestartble", "ReactorNotRestartable")],
)
def test_a_typing_mistake_comes_near_its_page(typed: str, name: str) -> None:
    assert [] == found(typed, PAGES)
    assert name in [page.name for page in nearest(typed, PAGES)]


def test_a_text_about_something_else_has_no_page_and_nothing_near() -> None:
    assert [] == found("KeyError: 'depth'", PAGES)
    assert [] == nearest("the cat sat on the mat", PAGES)
    assert [] == found("", PAGES)


@pytest.mark.parametrize("text", ["order 403403", "14030", "NSE:INFY4291", "x1006y", "price 1006.50", "took 2.403"])
def test_numbers_inside_of_others_are_none(text: str) -> None:
    assert [] == found(text, PAGES)


@given(st.text(max_size=300))
def test_any_text_can_be_looked_up(text: str) -> None:
    assert set(found(text, PAGES)) <= set(PAGES)
    assert len(nearest(text, PAGES)) <= 3


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_fits_its_columns(page: Page, columns: int) -> None:
    lines = [text for text, _ in as_text(page, columns)]

    longest_word = max(len(word) for line in lines for word in line.split())
    assert max(columns, longest_word + 9) >= max(map(len, lines))
    whole = " ".join(" ".join(lines).split())
    for meaning in page.meanings:
        assert meaning.name in whole
        assert f"next: {meaning.next}" in whole


def test_the_list_fits_80_columns() -> None:
    lines = [text for text, _ in as_list(PAGES)]

    assert len(PAGES) == len(lines)
    assert 80 >= max(map(len, lines))


def test_other_pages_of_a_pasted_text_come_first_under_see_also() -> None:
    *_, last = [text for text, _ in as_text(BY_NAME["403"], 80, [BY_NAME["1006"]])]

    assert "See also: 1006, TokenException, PermissionException, 429" == last


def test_the_markdown_has_a_section_for_every_reason() -> None:
    page = as_markdown(PAGES)

    assert len(PAGES) == page.count("\n### ") + page.startswith("### ")
    assert sum(len(one.meanings) for one in PAGES) == page.count("\n#### ")
