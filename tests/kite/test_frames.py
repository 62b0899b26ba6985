"""Frames are found in whatever pieces they come, and only whole binary messages pass the library by."""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Iterator

import pytest
import websocket

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.frames import MAX_FRAME_BYTES, TooLarge
from kitefeed_cli.kite.link import Interrupted, Link
from kitefeed_cli.kite.stream import Socket

from .wire_server import BINARY, CLOSE, PING, TEXT, Peer

PATIENCE_S = 5.0


class Wire:
    """A link and its other end. What is sent fits the system's buffers unless `flood` is used."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.link = Link(self.clock)
        self.link.deadline_s = self.clock.now_s() + PATIENCE_S
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.link.connect(socket.AF_INET, listener.getsockname(), math.inf)
            self.peer = Peer(listener.accept()[0])
        self.ws = Socket(self.link)
        self.ws.sock = self.link  # type: ignore[assignment]  # what the handshake does

    def received(self, number: int) -> list[tuple[int, bytes]]:
        return [self.ws.receive() for _ in range(number)]


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.link.close()
    made.peer.sock.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_message_of_any_length_arrives_whole(wire: Wire, size: int) -> None:
    payload = bytes(at % 251 for at in range(size))
    wire.peer.send(payload)
    wire.peer.send(b"next")

    assert [(BINARY, payload), (BINARY, b"next")] == wire.received(2)


def test_the_largest_message_arrives_behind_another_and_a_larger_one_is_refused_unread(wire: Wire) -> None:
    largest = b"x" * MAX_FRAME_BYTES
    wire.peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX_FRAME_BYTES)
    wire.peer.sock.setblocking(False)
    waiting = b"\x82\x05first\x82\x7f" + struct.pack(">Q", MAX_FRAME_BYTES) + largest
    waiting += b"\x82\x7f" + struct.pack(">Q", MAX_FRAME_BYTES + 1)
    got: list[tuple[int, bytes]] = []
    while len(got) < 2:
        wire.link.deadline_s = wire.clock.now_s() + 0.01
        if waiting:
            waiting = waiting[wire.peer.sock.send(waiting[: 1 << 18]) :]
        try:
            got.append(wire.ws.receive())
        except TimeoutError:
            continue

    assert [(BINARY, b"first"), (BINARY, largest)] == got
    wire.peer.sock.setblocking(True)
    wire.peer.sock.sendall(waiting)
    wire.link.deadline_s = wire.clock.now_s() + PATIENCE_S
    with pytest.raises(TooLarge):
        wire.ws.receive()


def test_a_frame_that_comes_byte_by_byte_survives_every_interrupted_wait(wire: Wire) -> None:
    payload = bytes(range(130))
    for byte in b"\x82\x7e" + struct.pack(">H", len(payload)) + payload[:-1]:
        wire.peer.sock.sendall(bytes([byte]))
        wire.link.deadline_s = wire.clock.now_s() + 0.001
        with pytest.raises(TimeoutError):
            wire.ws.receive()
    wire.link.interrupt()
    with pytest.raises(Interrupted):
        wire.ws.receive()
    wire.link.unhook()
    wire.link.deadline_s = wire.clock.now_s() + PATIENCE_S
    wire.peer.sock.sendall(payload[-1:])

    assert (BINARY, payload) == wire.ws.receive()


@pytest.mark.parametrize("behind", ["nothing", "end", "reset"])
def test_a_message_that_fills_a_record_waits_for_nothing_behind_it(wire: Wire, behind: str) -> None:
    payload = bytes((1 << 14) - 4)  # the header in front
    wire.peer.send(payload)
    if behind == "end":
        wire.peer.sock.close()
    elif behind == "reset":
        wire.peer.sock.shutdown(socket.SHUT_WR)
        wire.peer.reset()

    assert (BINARY, payload) == wire.ws.receive()


def test_fragments_are_put_together_around_a_ping(wire: Wire) -> None:
    wire.peer.send(b"one", TEXT)
    wire.peer.send(b"left", BINARY, fin=False)
    wire.peer.send(b"alive?", PING)
    wire.peer.send(b" and right", 0)
    wire.peer.send(b"two")

    assert [(TEXT, b"one"), (PING, b"alive?"), (BINARY, b"left and right"), (BINARY, b"two")] == wire.received(4)


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x02\x01a\x82\x01b",  # a message inside another
        b"\x02\x01a\x89\x00\x82\x01b",  # the same after a ping
        b"\x80\x01a",  # the end of what never began
        b"\xc2\x01a",  # compressed, which we never offer
        b"\x82\x81keysa",  # masked, which only a client may
        b"\x83\x01a",  # an opcode that does not exist
        b"\x88\x01a",  # half a close code
    ],
)
def test_what_the_protocol_forbids_is_refused(wire: Wire, wrong: bytes) -> None:
    wire.peer.sock.sendall(wrong)

    with pytest.raises(websocket.WebSocketProtocolException):
        wire.received(2)


@pytest.mark.parametrize("cut", [b"", b"\x82", b"\x82\x7e\x00", b"\x82\x05four"])
def test_an_end_anywhere_is_a_lost_connection(wire: Wire, cut: bytes) -> None:
    wire.peer.sock.sendall(cut)
    wire.peer.sock.close()

    with pytest.raises(websocket.WebSocketConnectionClosedException):
        wire.ws.receive()


def test_the_close_frame_is_kept_when_the_answer_to_it_fails(wire: Wire) -> None:
    wire.peer.send(struct.pack(">H", 1012), CLOSE)
    wire.ws.sock = None  # whatever is sent fails

    with pytest.raises(websocket.WebSocketException):
        wire.ws.receive()
    assert struct.pack(">H", 1012) == wire.ws.frames.goodbye
