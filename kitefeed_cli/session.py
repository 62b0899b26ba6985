"""The saved access token: read it, save it, notice a new one.

It lives in the `.env` file, in one line of it. The environment variable of the same name outranks the file when
the command starts; as soon as the file is written after that, the file leads for good. A login can so always heal
a running command, even one started with yesterday's token in its environment, and even when Kite hands out the
same token again.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .clock import Clock
from .env_file import UnreadableError, parse, read_text, rewrite, with_value
from .policy.events import Saved
from .problems import Exit, Problem
from .redact import REDACTOR, one_line
from .settings import ACCESS_TOKEN_KEY

LOOK_EVERY_S = 1.0
Fingerprint = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Session:
    """What the token store holds. `access_token` is empty unless `saved` is TOKEN; `why` says why not, and never
    quotes the value; `source` is "environment" or the name of the file."""

    saved: Saved
    access_token: str = field(default="", repr=False)
    why: str = ""
    source: str = ""


def is_access_token(text: str) -> bool:
    """Whether the text has the shape of an access or request token: 8 to 128 letters and digits.

    Everything else is refused before a library sees it: their errors print a header or a URL they dislike.
    """
    return re.fullmatch(r"[A-Za-z0-9]{8,128}", text, re.ASCII) is not None


def oddity(text: str) -> str:
    """Why the text cannot be an access token, without quoting it."""
    if re.search(r"[\r\n\v\f\u0085\u2028\u2029]", text):
        return "contains a line break"
    if re.search(r"\s", text):
        return "contains a space"
    if re.search(r"[\"'`\u2018\u2019\u201c\u201d]", text):
        return "has a quote inside"
    if not re.fullmatch(r"[A-Za-z0-9]*", text):
        return "contains something else than letters and digits"
    return "is too short" if len(text) < 8 else "is too long"


class TokenStore:
    """The access token in a `.env` file, and the one in the environment. Thread-safe."""

    def __init__(self, path: Path, environ_token: str | None = None) -> None:
        self.path = path
        self._environ_token = _unquoted(environ_token or "")
        REDACTOR.add(self._environ_token)  # also when the file leads
        self._lock = threading.Lock()
        self._at_start: list[Fingerprint | None] = []  # empty until the first read
        self._file_leads = not self._environ_token

    def read(self) -> Session:
        """What is saved now. Odd content is an answer, never an exception."""
        with self._lock:
            seen = self.fingerprint()  # before the content: a change in between shows at the next look
            in_file = self._read_file()
            if not self._at_start:
                self._at_start.append(seen)
            if in_file.saved is Saved.TOKEN and seen != self._at_start[0]:
                self._file_leads = True
            return in_file if self._file_leads else _judged(self._environ_token, "environment")

    def fingerprint(self) -> Fingerprint | None:
        """(mtime in ns, inode, size) of the file, a symlink followed; None when there is none."""
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_ino, found.st_size)

    def save(self, access_token: str) -> None:
        """Put the token into the file: atomically, mode 0600, every other line untouched. Raises Problem."""
        assert is_access_token(access_token)
        REDACTOR.add(access_token)
        try:
            rewrite(self.path, lambda text: with_value(text, ACCESS_TOKEN_KEY, access_token))
        except UnreadableError as error:
            raise self._not_saved(f"it {error}") from None
        except OSError as error:
            raise self._not_saved((error.strerror or type(error).__name__).lower()) from None
        if self._read_file().access_token != access_token:
            raise self._not_saved(f"{ACCESS_TOKEN_KEY} does not read back; another line of the file hides it")
        with self._lock:
            self._file_leads = True

    def check_writable(self) -> None:
        """Raise the Problem that `save` would raise, as far as can be told; a login asks before it spends its
        request token."""
        folder = os.path.dirname(os.path.realpath(self.path))
        try:
            read_text(self.path)
        except UnreadableError as error:
            raise self._not_saved(f"it {error}") from None
        if not os.path.isdir(folder):
            raise self._not_saved("its folder does not exist")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise self._not_saved("its folder cannot be written to")

    def permissions(self) -> str | None:
        """A warning when others can read or replace the file; None when all is well or on Windows."""
        if os.name != "posix":
            return None
        try:
            found = os.stat(self.path)
            folder = os.stat(self.path.parent)
        except OSError:
            return None
        shown = one_line(str(self.path))
        if found.st_uid != os.geteuid():
            return f"{shown} belongs to another user"
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            return f"{shown} can be read by others (mode {mode:04o}); `chmod 600 {shown}` keeps it private"
        if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
            return f"anybody can replace {shown}: its folder is writable for all"
        return None

    def _read_file(self) -> Session:
        name = self.path.name
        try:
            text = read_text(self.path)
        except UnreadableError as error:
            return Session(Saved.MALFORMED, why=f"{name} {error}", source=name)
        if text is None:
            return Session(Saved.NOTHING, why=f"{name} does not exist", source=name)
        found = parse(text)
        value = found.values.get(ACCESS_TOKEN_KEY, "")
        if not value and found.bad_lines:
            why = f"no {ACCESS_TOKEN_KEY}, but line {found.bad_lines[0]} of {name} cannot be read"
            return Session(Saved.MALFORMED, why=why, source=name)
        return _judged(value, name)

    def _not_saved(self, why: str) -> Problem:
        return Problem(
            f"the access token cannot be saved in {one_line(str(self.path))}",
            one_line(why),
            "make the file and its folder writable for you, or name another with `--env-file PATH`",
            Exit.REFUSED,
            "token-not-saved",
        )


class TokenWatch:
    """Notices a new token. `look` about once a second and only from one thread."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._seen = store.fingerprint()
        self._unsettled = False
        self.session = store.read()  # what was last read

    def look(self) -> tuple[Session, bool] | None:
        """The session and whether its token is another than before, when the file was written since; else None.

        A file without a good token is reported only when the next look finds it so too: editors empty, remove and
        half-write files on their way to saving them.
        """
        seen = self._store.fingerprint()
        if seen == self._seen and not self._unsettled:
            return None
        first_look = not self._unsettled or seen != self._seen
        self._seen = seen
        session = self._store.read()
        if session.saved is not Saved.TOKEN and first_look:
            self._unsettled = True
            return None
        self._unsettled = False
        new = session.access_token != self.session.access_token
        self.session = session
        return session, new


class Watch:
    """A `TokenWatch` on a daemon thread of its own, looking every second of the clock."""

    def __init__(self, watch: TokenWatch, clock: Clock, tell: Callable[[Session, bool], None]) -> None:
        self._watch = watch
        self._clock = clock
        self._tell = tell
        self._stopping = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="kitefeed-token-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns when no callback runs any more."""
        with self._stopping:
            self._stopped = True
            self._stopping.notify_all()
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        next_s = self._clock.now_s()
        while True:
            next_s = max(next_s + LOOK_EVERY_S, self._clock.now_s())
            with self._stopping:
                while not self._stopped and (left_s := next_s - self._clock.now_s()) > 0:
                    self._clock.wait(self._stopping, left_s)
                if self._stopped:
                    return
            news = self._watch.look()
            if news is not None:
                self._tell(*news)


def _judged(value: str, source: str) -> Session:
    REDACTOR.add(value)
    if not value:
        return Session(Saved.NOTHING, why=f"no {ACCESS_TOKEN_KEY} in {source}", source=source)
    if is_access_token(value):
        return Session(Saved.TOKEN, value, source=source)
    return Session(Saved.MALFORMED, why=f"{ACCESS_TOKEN_KEY} in {source} {oddity(value)}", source=source)


def _unquoted(value: str) -> str:
    """The value of an environment variable without the quotes that `docker --env-file` leaves around it."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
