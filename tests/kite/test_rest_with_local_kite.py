"""The REST client and the local Kite, written apart, understand each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.instruments import Instruments
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.policy.events import Answer

CLOCK = SystemClock()


@pytest.fixture
def kite() -> Iterator[LocalKite]:
    with LocalKite(CLOCK) as running:
        yield running


def test_a_token_is_good_for_everything_until_it_is_logged_out(kite: LocalKite) -> None:
    rest = Rest(kite.api_key, kite.rest_root, CLOCK)
    names = ["NSE:INFY", "NSE:NIFTY 50", "NSE:NO SUCH"]

    assert "" != rest.profile(kite.access_token, 5).user_name
    quotes = rest.quotes(kite.access_token, names, "quote", 5)
    assert [408065, 256265] == [quotes[name].instrument_token for name in names[:2]]
    assert names[2] not in quotes
    rest.logout(kite.access_token, 5)
    with pytest.raises(KiteError) as caught:
        rest.profile(kite.access_token, 5)
    assert (Answer.TOKEN_DEAD, "403 TokenException") == (caught.value.answer, caught.value.detail)


def test_its_instrument_list_resolves_names(kite: LocalKite) -> None:
    rest = Rest(kite.api_key, kite.rest_root, CLOCK)
    instruments = Instruments(lambda: rest.instruments(None, 30), kite.rest_root, CLOCK.wall, None)

    assert ["NSE:INFY", "NSE:SBIN"] == [found.key for found in instruments.resolve(["NSE:INFY", "779521"])]
    assert [] == instruments.warnings


def test_a_failing_rest_is_not_a_dead_token(kite: LocalKite) -> None:
    kite.set_faults({"rest": "failing"})
    with pytest.raises(KiteError) as caught:
        Rest(kite.api_key, kite.rest_root, CLOCK).profile(kite.access_token, 5)

    assert Answer.FAILED is caught.value.answer
