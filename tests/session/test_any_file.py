"""Saving into any `.env` file that people and their tools write: everything that is not ours stays, byte for byte."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from hypothesis import given, settings
from hypothesis import strategies as st

from kitefeed_cli.clock import IST
from kitefeed_cli.policy.events import Saved
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import ACCESS_TOKEN_KEY, LOGIN_AT_KEY

FILES = 600  # tried by each test
OURS = (ACCESS_TOKEN_KEY, LOGIN_AT_KEY)
NEW = "newToken5678newToken5678newTok12"
AT = datetime(2026, 11, 24, 8, 12, 31, tzinfo=IST)
TRIED: Counter[str] = Counter()  # what the files had in them

# What stands in real files: names and values of other tools, in all the ways in which they are written.
THEIRS = st.sampled_from(
    [
        "APP_KEY", "BROKER_API_KEY", "BROKER_API_SECRET", "DATABASE_URL", "REDIRECT_URL", "TELEGRAM_TOKEN", "DEBUG",
        "KITE_API_KEY", "KITE_API_SECRET", "KITEFEED_INSTRUMENTS", "MY_KITE_ACCESS_TOKEN", "KITE_ACCESS_TOKEN_OLD",
        "HOST", "PORT", "a.b", "naïve", "मुंबई", "X",
    ]
)  # fmt: skip
BARE = st.sampled_from(
    [
        "", "1", "true", "abc123", "http://127.0.0.1:5000/cb?x=1&y=2", "postgres://u:p@h/db", "a b c", "$HOME/x",
        "${A}", "it's", "x#y", "मुंबई", "naïve-é", "100%", "a=b=c", "\\n", "~/data", "NSE:INFY,NSE:NIFTY 50",
        "=", "x\u00a0y",
    ]
)  # fmt: skip
INNER = st.text(st.sampled_from(list("abzAZ09 #$=:/.-_\t{}[],é₹𝄞")), max_size=24)
VALUES = st.one_of(
    BARE,
    INNER.map(lambda text: f"'{text}'"),
    INNER.map(lambda text: f'"{text}"'),
    INNER.map(lambda text: f'"{text}\\" said"'),
    st.just('\'{"user": "x", "n": [1, 2]}\''),
    st.just('"first line\nsecond line\n\nfourth"'),
    st.just('"-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n"'),
)
EQUALS = st.sampled_from(["=", "=", "=", " = ", "= ", " =", "\t=\t"])
HEADS = st.sampled_from(["", "", "", "export ", "  ", "\t", "export\t"])
TAILS = st.sampled_from(["", "", "", " # a comment", "  # naïve: 'quotes\" and = signs", "   ", "\t"])
BINDINGS = st.builds(lambda *parts: "".join(parts), HEADS, THEIRS, EQUALS, VALUES, TAILS)
OUR_VALUES = st.sampled_from(
    ["", "oldToken1234", "'oldToken1234'", '"oldToken1234"', "old token", "2026-11-23T07:50:00"]
)
OUR_LINES = st.builds(lambda *parts: "".join(parts), HEADS, st.sampled_from(OURS), EQUALS, OUR_VALUES, TAILS)
OTHER_LINES = st.sampled_from(
    [
        "", "", "   ", "# --- Zerodha ---", "#KITE_ACCESS_TOKEN=commentedOut1", "# मुंबई ₹ 𝄞", "#", "X", "export Y",
        "KITE_ACCESS_TOKEN", "# KITEFEED_LOGIN_AT=never", "   # indented",
    ]
)  # fmt: skip
LINES = st.lists(st.one_of(BINDINGS, BINDINGS, OTHER_LINES, OUR_LINES), max_size=12)
ENDS = st.sampled_from(["\n", "\n", "\r\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """A whole file: its BOM, its line ends (now and then mixed), and perhaps no end of the last line."""
    end = draw(ENDS)
    mixed = draw(st.integers(0, 3)) == 0
    text = "\ufeff" if draw(st.integers(0, 4)) == 0 else ""
    for line in draw(LINES):
        text += line.replace("\n", end) + (draw(ENDS) if mixed else end)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return text


def bindings(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def is_ours(binding: Binding) -> bool:
    return binding.key in OURS


def others(text: str) -> str:
    """The file without our lines. Blank lines before ours are not ours; the end of a last line does not count, for we
    may have to add it."""
    pieces = [(one.original.string, is_ours(one)) for one in bindings(text)]
    kept = [piece[: len(piece) - len(piece.lstrip())] if mine else piece for piece, mine in pieces]
    return "".join(kept).rstrip()


def values(text: str) -> dict[str, str | None]:
    return {one.key: one.value for one in bindings(text) if one.key is not None and not is_ours(one)}


def note(text: str) -> None:
    """Count what was tried: a strategy that never makes a CRLF proves nothing of CRLF."""
    keys = [one.key for one in bindings(text)]
    TRIED.update(
        name
        for name, has in {
            "files": True,
            "BOM": text.startswith("\ufeff"),
            "CRLF": "\r\n" in text,
            "mixed ends": "\r\n" in text and "\n" in text.replace("\r\n", ""),
            "export": "export" in text,
            "quotes": "'" in text or '"' in text,
            "several lines in quotes": "second line" in text or "BEGIN KEY" in text,
            "our key twice": keys.count(ACCESS_TOKEN_KEY) > 1,
            "another key twice": any(keys.count(key) > 1 for key in keys if key not in (None, *OURS)),
            "no end of the last line": bool(text) and not text.endswith("\n"),
            "beyond ASCII": not text.isascii(),
            "empty": not text,
        }.items()
        if has
    )


@settings(max_examples=FILES)
@given(files(), st.booleans())
def test_a_save_changes_our_keys_and_nothing_else(text: str, linked: bool) -> None:
    note(text)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real = folder / "elsewhere.env" if linked else folder / ".env"
        real.write_bytes(text.encode())
        path = folder / ".env"
        if linked:
            path.symlink_to(real)
        store = TokenStore(path)
        store.save(NEW, AT)
        after = real.read_bytes().decode()
        session = store.read()

        assert (Saved.TOKEN, NEW, AT) == (session.saved, session.access_token, session.issued_at)
        assert others(text) == others(after)
        assert values(text) == values(after)
        assert text.startswith("\ufeff") is after.startswith("\ufeff")
        assert "\r\n" in text or "\r" not in after
        assert {(key, value) for key, value in ours(after)} == {(ACCESS_TOKEN_KEY, NEW), (LOGIN_AT_KEY, stamp(after))}
        assert 0o600 == stat.S_IMODE(real.stat().st_mode)
        assert linked is path.is_symlink()
        assert sorted({".env", real.name}) == sorted(os.listdir(folder))

        store.save(NEW, AT)
        assert after == real.read_bytes().decode()
        store.save("otherToken99", AT + timedelta(days=1))
        assert others(text) == others(real.read_bytes().decode())


@settings(max_examples=FILES)
@given(files())
def test_a_logout_empties_our_keys_and_changes_nothing_else(text: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / ".env"
        path.write_bytes(text.encode())
        store = TokenStore(path)
        store.clear()
        after = path.read_bytes().decode()

        assert Saved.TOKEN is not store.read().saved
        assert others(text) == others(after)
        assert values(text) == values(after)
        assert {""} >= {value or "" for _, value in ours(after)}
        assert len(ours(text)) == len(ours(after))

        store.save(NEW, AT)
        store.clear()
        assert NEW not in path.read_bytes().decode()


def test_the_files_tried_have_all_there_is_in_them() -> None:
    """After the first test: each peculiarity was tried in at least two dozen files."""
    if not TRIED:
        test_a_save_changes_our_keys_and_nothing_else()

    assert FILES <= TRIED["files"]
    assert {} == {name: count for name, count in TRIED.items() if count < 24}
    assert 12 == len(TRIED)


def ours(text: str) -> list[tuple[str | None, str | None]]:
    return [(one.key, one.value) for one in bindings(text) if is_ours(one)]


def stamp(text: str) -> str | None:
    return next(value for key, value in ours(text) if key == LOGIN_AT_KEY)
