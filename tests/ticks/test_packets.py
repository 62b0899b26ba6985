from __future__ import annotations

import pytest

from kitefeed_cli.kite.packets import decode
from kitefeed_cli.ticks.packets import cut, frame, frame_of, news_for, packets_of, portions

from ..emulator.client import packets_of as split
from ..gateway.desk import FULL, INDEX_FULL, INFY, NIFTY, QUOTE, batch, deeper, priced


def test_a_full_packet_begins_with_a_quote_packet_and_that_with_an_ltp_packet() -> None:
    assert (QUOTE, QUOTE[:8]) == (cut(FULL, 2), cut(FULL, 1))
    assert (INDEX_FULL[:28], INDEX_FULL[:8]) == (cut(INDEX_FULL, 2), cut(INDEX_FULL, 1))


def test_what_is_cut_decodes_to_the_same_prices() -> None:
    whole = decode(frame([FULL, INDEX_FULL])).to_dicts()
    quotes = decode(frame([cut(FULL, 2), cut(INDEX_FULL, 2)])).to_dicts()

    assert ["quote", "quote"] == [tick["mode"] for tick in quotes]
    for less, more in zip(quotes, whole, strict=True):
        assert {"ohlc", "last_price"} <= less.keys()
        assert {name: value for name, value in less.items() if name != "mode"} == {
            name: more[name] for name in less if name != "mode"
        }


def test_a_packet_that_carries_less_than_asked_for_is_left_as_it_is() -> None:
    assert QUOTE == cut(QUOTE, 3)
    assert FULL[:8] == cut(FULL[:8], 2)


@pytest.mark.parametrize(
    ("packet", "before", "poorest"),
    [
        (FULL, None, 1),
        (priced(FULL, 157400), FULL, 1),
        (FULL[:16] + b"\0\0\0\1" + FULL[20:], FULL, 2),
        (deeper(FULL), FULL, 3),
        (FULL, FULL, 3),
        (QUOTE, QUOTE, 2),
        (QUOTE[:8], QUOTE, 1),
        (INDEX_FULL, INDEX_FULL, 3),
    ],
)
def test_a_packet_is_news_only_for_the_modes_that_show_what_changed(
    packet: bytes, before: bytes | None, poorest: int
) -> None:
    assert poorest == news_for(packet, before)


@pytest.mark.parametrize("many", [1, 20], ids=["few", "columns"])
def test_packets_leave_a_batch_as_they_came(many: int) -> None:
    came = [priced(packet, 150000 + step) for step in range(many) for packet in (FULL, INDEX_FULL, QUOTE[:8])]

    tokens, packets = zip(*packets_of(batch(*came)), strict=True)

    assert sorted(came) == sorted(packets)
    assert {INFY, NIFTY} == set(tokens)


def test_many_packets_make_several_frames() -> None:
    wanted = {token: token.to_bytes(4, "big") + bytes(4) for token in range(1, 602)}

    made = list(portions(wanted))

    assert [250, 250, 101] == [len(split(portion.frame)) for portion in made]
    assert list(wanted.values()) == [packet for portion in made for packet in split(portion.frame)]


@pytest.mark.parametrize("many", [1, 20], ids=["few", "columns"])
@pytest.mark.parametrize("kinds", [(FULL,), (FULL, INDEX_FULL, QUOTE[:8])], ids=["one kind", "mixed"])
def test_a_batch_becomes_the_frame_again_that_it_came_in(many: int, kinds: tuple[bytes, ...]) -> None:
    came = frame([priced(packet, 150000 + step) for step in range(many) for packet in kinds])

    assert came == frame_of(decode(came))


@pytest.mark.parametrize("many", [2, 20], ids=["few", "columns"])
def test_a_frame_made_again_leaves_out_what_was_held_back(many: int) -> None:
    came = [priced(packet, 150000 + step) for step in range(many) for packet in (FULL, INDEX_FULL)]

    assert frame(came[1:]) == frame_of(decode(frame(came)).without([0]))
