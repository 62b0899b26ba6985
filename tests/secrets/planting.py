"""Secrets planted in made-up texts, and redacted: `python -m tests.secrets.planting 1000000`."""

from __future__ import annotations

import base64
import json
import random
import sys
from collections.abc import Callable, Iterator
from urllib.parse import quote

from kitefeed_cli.redact import Redactor

_TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SECRET = _TOKEN + "-_.~+/=%&?#'\" é"  # an API secret may hold more than letters and digits
_NOISE = _TOKEN + "   \n\t&=?:;,\"'{}[]()<>\\/%+\u00e9\u20b9\u202e\x1b"
_PIECE = 8

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in hex": lambda secret: secret.encode().hex(),
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
}


def texts(count: int, seed: int) -> Iterator[tuple[Redactor, str, list[str]]]:
    """A redactor that knows some secrets, a text with one of them in five encodings, and what must not be left of it.

    `count` is how many times a secret is planted.
    """
    draw = random.Random(seed)
    for number in range(count // len(ENCODINGS)):
        if number % 50 == 0:
            redactor = Redactor()
            secrets = ["".join(draw.choices(_SECRET if nth % 2 else _TOKEN, k=draw.randint(8, 64))) for nth in range(4)]
            for secret in secrets:
                redactor.add(secret)
        secret = draw.choice(secrets)
        planted = [encode(secret) for encode in ENCODINGS.values()]
        parts = ["".join(draw.choices(_NOISE, k=draw.randint(0, 40))) for _ in range(len(planted) + 1)]
        text = parts[0] + "".join(form + part for form, part in zip(planted, parts[1:], strict=True))
        yield redactor, text, planted


def left(redacted: str, planted: list[str]) -> list[str]:
    """The planted forms of which a piece that is too long to show is still there."""
    return [form for form in planted if any(piece in redacted for piece in _pieces(form))]


def _pieces(form: str) -> Iterator[str]:
    # What base64 makes of the last one or two bytes depends on what follows them.
    yield from (form[start : start + _PIECE] for start in range(max(1, len(form) - _PIECE - 4)))


def leaks(count: int, seed: int) -> list[str]:
    """The texts in which something was left."""
    return [text for redactor, text, planted in texts(count, seed) if left(redactor.redact(text), planted)]


if __name__ == "__main__":
    planted_times = int(sys.argv[1])
    found = leaks(planted_times, 1)
    sys.stdout.write(f"{planted_times:,} planted, {len(found)} left\n" + "".join(f"{text!r}\n" for text in found[:5]))
