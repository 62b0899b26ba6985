"""Packets of Kite's ticker as bytes, and how one of a rich mode is cut down to a poorer one.

The first bytes of a full packet are a quote packet, and the first of that are an ltp packet; it is the same with those
of an index (Kite Connect v3 docs, WebSocket page). So nothing is ever decoded on its way to a client.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .batch import TickBatch
from .layouts import BY_LENGTH, INDEX_QUOTE, LTP, QUOTE
from .segments import INDICES

MODES = {"ltp": 1, "quote": 2, "full": 3}  # a greater one holds all of a lesser one
WORDS = {mode: word for word, mode in MODES.items()}
HEARTBEAT = b"\0"

_MODE = {length: MODES[layout.mode] for length, layout in BY_LENGTH.items()}
_LENGTH = {length: length.to_bytes(2, "big") for length in BY_LENGTH}
_LTP_ENDS = LTP.packet.size
_QUOTE_ENDS = tuple((INDEX_QUOTE if segment == INDICES else QUOTE).packet.size for segment in range(256))
_FRAME = 250  # packets; as many as Kite's own frames are seen to have


def mode_of(packet: bytes) -> int:
    """How much the packet carries."""
    return _MODE[len(packet)]


def cut(packet: bytes, mode: int) -> bytes:
    """The packet as a client of this mode gets it; one that carries less is left as it is."""
    if mode == 1:
        return packet[:_LTP_ENDS]
    return packet if mode == 3 else packet[: _QUOTE_ENDS[packet[3]]]


def news_for(packet: bytes, before: bytes | None) -> int:
    """The poorest mode in which the packet says something that the one before it did not. Kite sends a tick of mode
    ltp only when the price has changed, so a client of that mode is not to get one for each change of the depth. In the
    packet's own mode it is news in any case: Kite sent it."""
    if before is None or packet[:_LTP_ENDS] != before[:_LTP_ENDS]:
        return 1
    own = _MODE[len(packet)]
    if own == 3:
        ends = _QUOTE_ENDS[packet[3]]
        return 2 if packet[:ends] != before[:ends] else 3
    return own


def packets_of(batch: TickBatch) -> Iterator[tuple[int, bytes]]:
    """Every tick's instrument token and its packet, as it came. In a small frame, which was unpacked for speed, it is
    packed again from the same integers."""
    if not batch.columnar:
        for layout, words in batch.rows():
            yield words[0], layout.packet.pack(*words)
        return
    for group in batch.groups():
        size = group.layout.packet.size
        together = group.packets.tobytes()
        tokens = group.integers("instrument_token").tolist()
        yield from zip(tokens, (together[at : at + size] for at in range(0, len(together), size)), strict=True)


def frame(packets: Collection[bytes]) -> bytes:
    """One binary frame of the ticker."""
    parts = [len(packets).to_bytes(2, "big")]
    for packet in packets:
        parts += (_LENGTH[len(packet)], packet)
    return b"".join(parts)


def richest(wishes: Iterable[Mapping[int, str]]) -> dict[int, str]:
    """All of what these want (modes by instrument token), each instrument in the richest mode that one asks for."""
    whole: dict[int, str] = {}
    for wish in wishes:
        for token, mode in wish.items():
            if MODES[mode] > MODES.get(whole.get(token, ""), 0):
                whole[token] = mode
    return whole


def split(whole: bytes) -> Iterator[bytes]:
    """The packets of a frame, of known lengths or not; what a frame that is cut short announces is left out."""
    at = 2
    while at + 2 <= len(whole):
        at, start = at + 2 + int.from_bytes(whole[at : at + 2], "big"), at + 2
        if at <= len(whole):
            yield whole[start:at]


def frame_of(batch: TickBatch) -> bytes:
    """The whole batch as one frame, in the order received: of what came, only what was refused or held back is gone."""
    if batch.frame is not None:
        return batch.frame
    if not batch.columnar:
        return frame([layout.packet.pack(*words) for layout, words in batch.rows()])
    groups = batch.groups()
    from .columns import framed, in_place

    if len(groups) == 1:
        return framed(groups[0])
    return frame(in_place(groups, [[packet.tobytes() for packet in group.packets] for group in groups]))


@dataclass(frozen=True, slots=True)
class Portion:
    """One binary frame, and its packets by instrument; several clients may share it."""

    frame: bytes
    packets: Mapping[int, bytes]


def portions(packets: Mapping[int, bytes]) -> Iterator[Portion]:
    """As many frames as Kite would make of them."""
    tokens = list(packets)
    for start in range(0, len(tokens), _FRAME):
        some = {token: packets[token] for token in tokens[start : start + _FRAME]}
        yield Portion(frame(some.values()), some)
