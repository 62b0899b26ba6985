"""Reading a `.env` file and changing values in its text. python-dotenv's parser says where a binding begins and ends.

Its `set_key` is not used: it has no lock and no fsync and keeps a loose mode, and it forgets a comment behind the
value. Reading and rewriting by the same parser makes sure that both agree on what a line means.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 1024 * 1024
BOM = "\ufeff"
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_:.+-]*", re.ASCII)


class UnreadableError(Exception):
    """The file cannot be a settings file. Its text is the reason and names nothing of the content."""


@dataclass(frozen=True, slots=True)
class EnvText:
    """The bindings of a file; the last one of a name counts. `bad_lines` (from 1) could not be parsed. `names` are
    also those without a value."""

    values: dict[str, str] = field(repr=False)
    bad_lines: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()


def read_text(path: Path, *, blank: str = "") -> str | None:
    """The text, line ends and a leading BOM as they are; None when there is no such file.

    `blank`: the value of this key is taken out before anything but one buffer, which is overwritten, has seen it: what
    was never a string cannot stay behind in memory. Raises UnreadableError. Never blocks on a FIFO and never reads more
    than a megabyte.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    try:
        content = _content(descriptor)
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    finally:
        with contextlib.suppress(OSError):  # what was read was read
            os.close(descriptor)
    if blank:
        _take_out(content, blank)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise UnreadableError("is not plain text (saved as UTF-16?); save it as UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("is not UTF-8 text") from None


def _content(descriptor: int) -> bytearray:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError("is a directory" if stat.S_ISDIR(found.st_mode) else "is not a regular file")
    if found.st_size > MOST_BYTES:
        raise UnreadableError("is larger than 1 MiB, too large for a settings file")
    content = bytearray(min(found.st_size + 1, MOST_BYTES))
    with open(descriptor, "rb", buffering=0, closefd=False) as stream, memoryview(content) as room:
        taken = 0
        while taken < len(content) and (read := stream.readinto(room[taken:])):
            taken += read
    del content[taken:]
    return content


def _take_out(content: bytearray, key: str) -> None:
    """Overwrite the value of this key, in place, wherever a line sets it."""
    line = re.compile(rb"^[^\S\r\n]*(?:export[^\S\r\n]+)?'?%s'?[^\S\r\n]*=([^\r\n]*)" % key.encode(), re.MULTILINE)
    for start, end in [found.span(1) for found in line.finditer(content)]:
        content[start:end] = b" " * (end - start)


def parse(text: str) -> EnvText:
    """The bindings of the text. Nothing is interpolated."""
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    bad_lines = []
    names = set()
    for binding in parse_stream(io.StringIO(text.lstrip(BOM), newline="")):
        if binding.error:
            bad_lines.append(binding.original.line)
        elif binding.key is not None:
            names.add(binding.key)
            values.pop(binding.key, None)
            if binding.value is not None:
                values[binding.key] = binding.value
    return EnvText(values, tuple(bad_lines), frozenset(names))


def with_values(text: str, values: Mapping[str, str]) -> str:
    """`with_value` for each of them."""
    for key, value in values.items():
        text = with_value(text, key, value)
    return text


def with_value(text: str, key: str, value: str) -> str:
    """The text with every binding of `key` set to `value`, or a new last line; every other byte stays.

    `value` is of characters that need no quotes in any shell, or empty.
    """
    from dotenv.parser import parse_stream

    assert _NEEDS_NO_QUOTES.fullmatch(value)
    end = "\r\n" if "\r\n" in text else "\n"
    body = text.lstrip(BOM)
    pieces = []
    replaced = False
    broken = re.compile(rf"\s*(?:export\s+)?(?:'{key}'|{key})[^\S\r\n]*(?:=[^\r\n]*)?[\r\n]*")
    for binding in parse_stream(io.StringIO(body, newline="")):
        piece = binding.original.string
        if binding.key == key or (binding.error and broken.fullmatch(piece)):
            piece = _rewritten(piece, key, value, end)
            replaced = True
        pieces.append(piece)
    if not replaced:
        if body and not body.endswith(("\n", "\r")):
            pieces.append(end)
        pieces.append(f"{key}={value}{end}")
    return text[: len(text) - len(body)] + "".join(pieces)


def _rewritten(piece: str, key: str, value: str, end: str) -> str:
    """One binding with its value replaced; its blank lines, `export`, quotes, comment and line end are kept."""
    from dotenv.parser import parse_stream

    head = re.match(rf"(\s*(?:export[^\S\r\n]+)?(?:'{key}'|{key})[^\S\r\n]*)(=[^\S\r\n]*)?", piece)
    assert head is not None
    tail = piece[head.end() :]
    quote = tail[:1] if tail[:1] in ("'", '"') else ""
    old = re.match(rf"{quote}(?:\\.|[^{quote}\\])*{quote}", tail, re.DOTALL) if quote else None
    if old is None:
        quote = ""
        is_comment = tail.startswith("#") and (head[2] or "")[-1:].isspace()  # "K= # note", but not "K=#value"
        old = re.match("" if is_comment else r"(?:(?!\s+#)(?!\s*$)[^\r\n])*", tail)
    assert old is not None
    rest = tail[old.end() :]
    gap = " " if rest.startswith("#") else ""
    new = f"{head[1]}{head[2] or '='}{quote}{value}{quote}{gap}{rest}"
    (first, *others) = parse_stream(io.StringIO(new, newline=""))
    if first.key == key and first.value == value and not first.error and not others:
        return new
    blank = re.match(r"\s*", piece)
    return f"{blank[0] if blank else ''}{key}={value}{end}"


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or type(error).__name__).lower()}"
