"""The access token in the token store, and the one that another tool may bring."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..clock import IST
from ..env_file import UnreadableError, parse, read_text, with_values
from ..policy.events import Saved
from ..problems import Exit, Problem
from ..redact import REDACTOR, one_line
from ..rewriting import UnwritableError, refusal, rewrite
from ..settings import ACCESS_TOKEN_KEY, API_SECRET_KEY, LOGIN_AT_KEY
from .outside import Fingerprint, Outside, fingerprint_of, permissions_of
from .shape import Session, is_access_token, judged

_TAG = 6  # hex digits that tie a time of issue to its access token


class Vault(Protocol):
    """A place for the access token itself, when that is not to be the file. Its methods raise VaultError."""

    name: str

    def read(self) -> str:
        """The access token; empty when there is none."""

    def write(self, access_token: str) -> None:
        """Keep it, in place of the one before."""

    def clear(self) -> None:
        """Forget it."""


class VaultError(Exception):
    """The vault did not do it. Its text is the reason and holds no secret."""


class TokenStore:
    """The access token in a `.env` file, or in a `vault` that the file is the bell of: each save writes the time of
    issue into the file, so that a look at the file notices it. Thread-safe.

    `outside` leads at the start; from then on whoever brings a good access token leads.
    """

    def __init__(self, path: Path, outside: Outside | None = None, vault: Vault | None = None) -> None:
        self.path = path
        self.outside = outside
        self.vault = vault
        self._lock = threading.Lock()
        self._seen: list[Hashable] = []  # empty until the first read: the file's fingerprint, and what is outside
        self._outside_leads = outside is not None
        self._kept: tuple[Fingerprint | None, str] | None = None  # what the vault held at this fingerprint

    @property
    def where(self) -> str:
        """Where `save` puts it, for a sentence."""
        return self.vault.name if self.vault is not None else one_line(str(self.path))

    def read(self) -> Session:
        """What is saved now. Odd content is an answer, never an exception."""
        with self._lock:
            seen = fingerprint_of(self.path)  # before the content: a change in between shows at the next look
            in_file = self._read_file(seen)
            if self.outside is None:
                return in_file
            brought = self.outside.read()
            before = self._seen or [seen, brought]
            self._seen = [seen, brought]
            if in_file.saved is Saved.TOKEN and seen != before[0]:
                self._outside_leads = False
            if brought.saved is Saved.TOKEN and brought != before[1]:
                self._outside_leads = True
            return brought if self._outside_leads else in_file

    def fingerprint(self) -> Hashable:
        """Another value whenever something was brought or written since. For the watch: it may take a while."""
        outside = None if self.outside is None else self.outside.fingerprint()
        return (fingerprint_of(self.path), outside)

    def rejected(self, access_token: str) -> None:
        """REST calls this access token dead: whoever brought it may look for another."""
        if self.outside is not None:
            self.outside.rejected(access_token)

    def close(self) -> None:
        """End a look that takes a while; from any thread."""
        if self.outside is not None:
            self.outside.close()

    def reopen(self) -> None:
        """Another run goes on with it after `close`."""
        if self.outside is not None:
            self.outside.reopen()

    def save(self, access_token: str, issued_at: datetime | None = None) -> None:
        """Keep the token: atomically, mode 0600, every line of the file that is not ours untouched. Raises Problem."""
        assert is_access_token(access_token)
        REDACTOR.add(access_token)
        stamp = "" if issued_at is None else _stamp(access_token, issued_at)
        try:
            if self.vault is not None:
                self.vault.write(access_token)
            self._write({ACCESS_TOKEN_KEY: "" if self.vault else access_token, LOGIN_AT_KEY: stamp})
        except (UnreadableError, UnwritableError, VaultError, OSError) as error:
            raise self._not_saved(_reason(error)) from None
        if self._read_file(None).access_token != access_token:
            raise self._not_saved(f"{ACCESS_TOKEN_KEY} does not read back; another line of the file hides it")
        with self._lock:
            self._outside_leads = False

    def clear(self) -> bool:
        """Forget the saved access token, and nothing else; says whether there was one. Raises Problem."""
        try:
            kept = self.vault is not None and bool(self.vault.read())
            if self.vault is not None and kept:
                self.vault.clear()
            text = read_text(self.path) or ""
            if parse(text).names & {ACCESS_TOKEN_KEY, LOGIN_AT_KEY}:  # an earlier line may hold one that a later hides
                self._write({ACCESS_TOKEN_KEY: "", LOGIN_AT_KEY: ""})
        except (UnreadableError, UnwritableError, VaultError, OSError) as error:
            raise self._problem("removed from", _reason(error)) from None
        self._kept = None
        return kept or text != (read_text(self.path) or "")

    def check_writable(self) -> None:
        """Raise the Problem that `save` would raise, as far as can be told; a login asks before it spends its
        request token."""
        folder = os.path.dirname(os.path.realpath(self.path))
        try:
            read_text(self.path)
            if why := refusal(Path(os.path.realpath(self.path))):
                raise UnwritableError(why)
            if self.vault is not None:
                self.vault.read()
        except (UnreadableError, UnwritableError, VaultError) as error:
            raise self._not_saved(_reason(error)) from None
        if not os.path.isdir(folder):
            raise self._not_saved("its folder does not exist")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise self._not_saved("its folder cannot be written to")

    def permissions(self) -> str | None:
        """A warning when others can read or replace the file; None when all is well or on Windows."""
        return permissions_of(self.path)

    def _write(self, values: Mapping[str, str]) -> None:
        """Set our keys. One that is to be empty and is not in the file stays out of it."""

        def changed(text: str) -> str:
            names = parse(text).names
            return with_values(text, {key: value for key, value in values.items() if value or key in names})

        rewrite(self.path, changed)

    def _read_file(self, seen: Fingerprint | None) -> Session:
        name = self.path.name
        try:
            text = read_text(self.path, blank=API_SECRET_KEY)
        except UnreadableError as error:
            return Session(Saved.MALFORMED, why=f"{name} {error}", source=name)
        if self.vault is not None:
            return _issued(self._in_vault(self.vault, seen), parse(text or "").values)
        if text is None:
            return Session(Saved.NOTHING, why=f"{name} does not exist", source=name)
        found = parse(text)
        value = found.values.get(ACCESS_TOKEN_KEY, "")
        if not value and found.bad_lines:
            why = f"no {ACCESS_TOKEN_KEY}, but line {found.bad_lines[0]} of {name} cannot be read"
            return Session(Saved.MALFORMED, why=why, source=name)
        return _issued(judged(value, ACCESS_TOKEN_KEY, name), found.values)

    def _in_vault(self, vault: Vault, seen: Fingerprint | None) -> Session:
        """Asked again only when the bell has rung: it may take a while, and this is called before every attempt."""
        if self._kept is None or seen is None or self._kept[0] != seen:
            try:
                self._kept = (seen, vault.read())
            except VaultError as error:
                return Session(Saved.NOTHING, why=_reason(error), source=vault.name)
        return judged(self._kept[1], "access token", vault.name)

    def _not_saved(self, why: str) -> Problem:
        return self._problem("saved in", why)

    def _problem(self, done: str, why: str) -> Problem:
        if self.vault is not None and why.startswith(self.vault.name):
            next_step = "unlock it, or unset KITEFEED_KEYRING to use the token store file"
        else:
            next_step = "make it and its folder writable, or name another with `--env-file PATH`"
        return Problem(
            f"the access token cannot be {done} {self.where}",
            one_line(why),
            next_step,
            Exit.REFUSED,
            "token-not-saved",
        )


def _reason(error: Exception) -> str:
    match error:
        case UnreadableError():
            return f"it {error}"
        case OSError():
            return (error.strerror or type(error).__name__).lower()
        case _:
            return str(error)


def _stamp(access_token: str, issued_at: datetime) -> str:
    """The time of issue, tied to its token: when another tool writes a token of its own, this time is not its."""
    return f"{issued_at.astimezone(IST).isoformat(timespec='seconds')}_{_tag(access_token)}"


def _issued(session: Session, values: Mapping[str, str]) -> Session:
    """The session with the time of issue that was written down for its access token, if any."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30)_([0-9a-f]{6})", values.get(LOGIN_AT_KEY, ""))
    if found is None or session.saved is not Saved.TOKEN or found[2] != _tag(session.access_token):
        return session
    try:
        return replace(session, issued_at=datetime.fromisoformat(found[1]))
    except ValueError:
        return session


def _tag(access_token: str) -> str:
    return hashlib.sha256(b"kitefeed issued " + access_token.encode()).hexdigest()[:_TAG]
