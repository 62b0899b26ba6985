"""Reading and rewriting a `.env` file. python-dotenv's parser says where each binding begins and ends.

Its `set_key` is not used: it has no lock and no fsync and keeps a loose mode, and it forgets a comment behind the
value. Reading and rewriting by the same parser makes sure that both agree on what a line means.
"""

from __future__ import annotations

import contextlib
import glob
import io
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 1024 * 1024
BOM = "\ufeff"


class UnreadableError(Exception):
    """The file cannot be a settings file. Its text is the reason and names nothing of the content."""


@dataclass(frozen=True, slots=True)
class EnvText:
    """The bindings of a file; the last one of a name counts. `bad_lines` (from 1) could not be parsed."""

    values: dict[str, str] = field(repr=False)
    bad_lines: tuple[int, ...] = ()


def read_text(path: Path) -> str | None:
    """The text, line ends and a leading BOM as they are; None when there is no such file.

    Raises UnreadableError. Never blocks on a FIFO and never reads more than a megabyte.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError("is a directory" if stat.S_ISDIR(found.st_mode) else "is not a regular file")
        if found.st_size > MOST_BYTES:
            raise UnreadableError("is larger than 1 MiB, too large for a settings file")
        with open(descriptor, "rb", closefd=False) as stream:
            content = stream.read(MOST_BYTES)
    except OSError as error:
        raise UnreadableError(_reason(error)) from None
    finally:
        os.close(descriptor)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise UnreadableError("is not plain text (saved as UTF-16?); save it as UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("is not UTF-8 text") from None


def parse(text: str) -> EnvText:
    """The bindings of the text. Nothing is interpolated."""
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    bad_lines = []
    for binding in parse_stream(io.StringIO(text.lstrip(BOM), newline="")):
        if binding.error:
            bad_lines.append(binding.original.line)
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
        elif binding.key is not None:
            values.pop(binding.key, None)
    return EnvText(values, tuple(bad_lines))


def with_value(text: str, key: str, value: str) -> str:
    """The text with every binding of `key` set to `value`, or a new last line; every other byte stays.

    `value` is letters and digits, so it needs no quotes.
    """
    from dotenv.parser import parse_stream

    assert value.isalnum()
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


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Replace the file by `change` of its text: locked, atomic, durable, mode 0600; a symlink stays one.

    A reader sees the old file or the new one. Raises UnreadableError or OSError, and then nothing has changed.
    """
    target = Path(os.path.realpath(path))
    with _locked(target):
        text = read_text(target)
        for leftover in target.parent.glob(f".{glob.escape(target.name)}.*.kitefeed"):
            leftover.unlink(missing_ok=True)  # of a writer that was killed
        temporary = target.parent / f".{target.name}.{secrets.token_hex(6)}.kitefeed"
        try:
            _write_private(temporary, change(text or "").encode("utf-8"), target)
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def _write_private(path: Path, content: bytes, like: Path) -> None:
    """A new file that nobody else could read at any moment, safely on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o600), "wb") as stream:
        if os.name == "posix":
            os.fchmod(stream.fileno(), 0o600)  # the umask may have taken our own rights away
            if os.geteuid() == 0 and like.exists():
                owner = like.stat()
                os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Keep other writers of this program out. The kernel frees the lock of a killed process."""
    if os.name == "posix":
        import fcntl

        # The folder itself is the lock: no stray file beside the user's, and it survives the renames
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    else:
        with open(target.with_name(target.name + ".lock"), "ab") as stream, _windows_lock(stream.fileno()):
            yield


@contextlib.contextmanager
def _windows_lock(descriptor: int) -> Iterator[None]:
    import msvcrt

    msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows alone has it
    try:
        yield
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # the same
