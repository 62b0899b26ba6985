"""The words around the numbers."""

from __future__ import annotations

from .loopback import PACED_ROUNDS
from .loopback import ROUNDS as LOOPBACK_ROUNDS
from .rounds import ROUNDS

PAGE = f"""# Benchmarks

What kitefeed costs beside the official Python client, on frames made up for the purpose. Written by `make bench`;
measure on your own machine before you rely on a number.

A ratio is taken within one round, both sides in turn, so that a machine that slows down slows both: the median of
{ROUNDS} rounds for decoding and JSON lines (CPU time of the thread, best of three turns each), of
{LOOPBACK_ROUNDS} for what needs processes and sockets (CPU time of the whole process from 0.2 s after its first
frame), of {PACED_ROUNDS} for latency (200 frames a second), of 15 for start-up. Below 1 kitefeed costs more.

"Socket to callback" ends in an output behind the bus with every field decoded, against an empty `on_ticks`; all
threads on one processor, as `kitefeed run` keeps them, or "on any processor", as in a program that uses the library.
"In order, and the board" is the whole of `kitefeed run`: exchange times that never go back, the gap ledger, and the
last value of every instrument as well. Over TLS both clients read from the same server, with a certificate made for the
purpose: kitefeed verifies it; the official client verifies none, so it need not be told.

{{machine}}

{{ratios}}

For the latency, server and clients are scheduled in real time where the system allows it, or the 99th percentile
would be that of whatever else runs on the computer. A frame wakes two of our threads, a reader and an output's.
Python's lock lets one of them run at a time, so a second processor only has to be woken for it, which costs more than
to decode the frame: that is why `kitefeed run` keeps to one (`--processors`). What is left above the socket is cold
caches. The 99th percentile is mostly that of waking a processor that idles: where a virtual machine's host takes its
time for that, a socket that only reads needs 250 µs itself, and runs of this page gave ratios of 3.8 to 4.3.

## What a number of instruments costs

Full mode, every instrument once or four times a second in eight to ten frames a second, 3,000 instruments a
connection; from the socket to the decoded batch in an output and the board, exchange times kept in order. The frames
cost a fixed part, the ticks a part that grows with them.

{{scale}}

## Where the reader's thread spends its time

Microseconds of CPU time a frame, at full speed, from roads that get longer piece by piece. What the output's own
thread does is not in here.

{{reader}}

What is left: the copy out of the kernel, and one out of the buffer, since a batch may outlive the next read. A frame
of one packet costs the calls around it more than itself. Keeping exchange times in order is a dozen steps of numpy a
frame, whose fixed part is most of it at 50 packets; handing over wakes another thread. At the pace of a market all of
it is less than a twentieth of a core: see the table above.

## Publishing to other machines

`run --publish` beside one plain writer: redis-py's pipeline, 100 `XADD`s of the same frames at a time, without stamps,
fence, board or trimming. The same Redis without a file on disk, everything on this computer; packets of mode full. The
ratio is that of the rates, in one round; above 1 kitefeed is faster.

{{publish}}

What a large frame costs more is mostly that Redis carries a transaction out when all of it is there, and the first of a
plain pipeline while the last are on their way. A feed of 9,000 instruments at four updates a
second is 7 MB a second.

## What Python does not give

- `to_dicts()`: of the time of one full tick a fifth is unpacking its 46 integers, and two thirds are making its 14
  dictionaries and lists. That alone, out of integers that are there already, is 7.6 times as fast as the official
  client for one tick and 5.7 times for 500 at once, whose memory is no longer at hand and whose containers the
  garbage collector looks through; with the unpacking around it, five times is about what Python gives, and beside
  other work a few per cent less. Slower or no faster were: prices divided by numpy, integers swapped by it, copies of a
  ready dictionary, one function call a tick, marshal, pickle, and the records of a MessagePack or a JSON decoder.
- Shuffled frames: where a packet starts is known only from the length of the one before it, and that walk, 35 ns a
  packet, is two fifths of the time. It does not depend on the kind, but the official parser needs 1.3 µs for a packet
  of mode ltp and 13 µs for a full one: hence 100 times on mostly full frames, and half of that on a quarter each.
"""
