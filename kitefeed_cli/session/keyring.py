"""The keyring of the operating system as the place of the access token (extra `keyring`).

Never by default, and never quietly something else: without a keyring that keeps secrets, a command ends with a problem
instead of writing the access token anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..problems import Exit, Problem
from ..redact import REDACTOR
from .store import VaultError

_SERVICE = "kitefeed"
# Those that the operating system guards. The null and fail back ends keep nothing, those of `keyrings.alt` keep it in a
# file; a third party's may be good, and a token command can ask it.
_GOOD = ("SecretService", "kwallet", "libsecret", "macOS", "Windows")


class Keyring:
    """The keyring entry of this API key. Raises Problem when there is no keyring that keeps secrets."""

    name = "the keyring"

    def __init__(self, api_key: str) -> None:
        self._account = api_key
        try:
            import keyring
        except ImportError:
            raise _no_keyring(
                "the package `keyring` is not installed", "install it beside kitefeed: `pip install keyring`"
            ) from None
        try:
            self._back_end = back_end = keyring.get_keyring()
        except Exception as error:  # noqa: BLE001 - a back end may raise anything
            raise _no_keyring(f"it does not start ({type(error).__name__})") from None
        if why := refusal(back_end):
            raise _no_keyring(why)

    def read(self) -> str:
        value = self._do("read", lambda: self._back_end.get_password(_SERVICE, self._account)) or ""
        REDACTOR.add(str(value))
        return str(value)

    def write(self, access_token: str) -> None:
        self._do("written to", lambda: self._back_end.set_password(_SERVICE, self._account, access_token))

    def clear(self) -> None:
        if self.read():
            self._do("cleared", lambda: self._back_end.delete_password(_SERVICE, self._account))

    def _do(self, done: str, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - the same; its text may hold what was to be kept
            raise VaultError(f"the keyring cannot be {done} ({type(error).__name__}); is it locked?") from None


def refusal(back_end: Any) -> str | None:
    """Why this back end is not trusted with an access token; None: it is."""
    kind = type(back_end)
    if kind.__module__ == "keyring.backends.chainer":
        members = list(back_end.backends)
        return next((why for one in members if (why := refusal(one))), None if members else "it has no back end")
    package, _, name = kind.__module__.rpartition(".")
    if package == "keyring.backends" and name in _GOOD:
        return None
    return f"its back end {kind.__module__}.{kind.__qualname__} keeps no secrets"


def _no_keyring(why: str, next_step: str = "unset KITEFEED_KEYRING to use the token store file") -> Problem:
    return Problem("there is no keyring to keep the access token in", why, next_step, Exit.USAGE, "no-keyring")
