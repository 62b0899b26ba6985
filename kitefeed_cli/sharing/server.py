"""Where the Redis is, how it is reached, and what its errors mean. The only importer of `redis`.

Every call has a deadline of its own: with none, a read of a server that has stopped would wait for the system's
minutes, and no reconnect would be tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..problems import Exit, Problem
from ..redact import REDACTOR, one_line
from .keys import NAME, Keys

if TYPE_CHECKING:
    import redis

ANSWER_S = 2.0  # for one command, beyond what it was told to wait
_OLDEST = (6, 2)  # XADD ... MINID and XAUTOCLAIM (Redis release notes)
_SCHEMES = ("redis", "rediss", "unix")

Away = tuple[str, str]  # what is wrong, and what to do about it


@dataclass(frozen=True, slots=True)
class Address:
    """`redis://[user:password@]HOST[:PORT][/DATABASE][?name=FEED]`, or `rediss://` for TLS, or `unix:///PATH`."""

    url: str = field(repr=False)  # without the name; may hold a password
    shown: str
    keys: Keys

    @classmethod
    def parse(cls, text: str, where: str, *, secret: bool = True) -> Address:
        """`where`: the setting it stands in, for messages. `secret`: nobody else can read it there; a password on a
        command line is refused, since every user of the computer can list it. Raises Problem."""
        try:
            parts = urlsplit(text.strip())
            password, port = parts.password, parts.port
        except ValueError:
            raise _refused(where, "it is not a URL") from None
        if password:
            REDACTOR.add(unquote(password))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        name = query.pop("name", "main")
        if parts.scheme not in _SCHEMES or not (parts.path if parts.scheme == "unix" else parts.hostname):
            raise _refused(where, "it must look like redis://HOST, rediss://HOST or unix:///PATH")
        if query or parts.fragment:
            raise _refused(where, "it may have no other query than `name`")
        if parts.scheme != "unix" and not parts.path.strip("/").isdigit() and parts.path.strip("/"):
            raise _refused(where, "behind the host there may be the number of a database")
        if not NAME.fullmatch(name):
            raise _refused(where, "the name of a feed has 1 to 64 letters, digits, dots, lines or underscores")
        if password and not secret:
            raise Problem(
                f"{where} must not hold a password",
                "everybody who uses this computer can read a command line",
                f"put the whole URL into KITEFEED_{where.strip('-').upper()} instead",
                Exit.USAGE,
            )
        shown = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{port or 6379}"
        return cls(text.strip().partition("?")[0], one_line(shown), Keys(name))

    def connect(self, wait_s: float = 0.0, answer_s: float = ANSWER_S) -> redis.Redis:
        """A client that asks nothing yet, with one socket, for one thread. `wait_s`: the longest that a command may be
        told to block; `answer_s`: what else it may take. Nothing is tried again by itself: whether a write was carried
        out, only the script behind it can tell. Raises Problem without the package."""
        package = library()
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        client: redis.Redis = package.Redis.from_url(
            self.url,
            socket_connect_timeout=answer_s,
            socket_timeout=wait_s + answer_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            max_connections=1,
            client_name="kitefeed",
            protocol=2,  # so that Redis 6.2 and Valkey answer alike
        )
        return client


def library() -> Any:
    """The `redis` package. Raises Problem."""
    try:
        import redis
    except ImportError:
        raise Problem(
            "the package for Redis is not installed",
            "feeds are shared through it",
            "pip install 'kitefeed[redis]'",
            Exit.USAGE,
        ) from None
    return redis


def errors() -> tuple[type[Exception], ...]:
    """What a call may raise that comes from outside."""
    redis = library()
    return (redis.exceptions.RedisError, OSError)


def check(client: redis.Redis, address: Address) -> None:
    """Whether it can do what we need. Raises Problem for what no waiting cures, and `errors()`."""
    told: Any = client.info("server")
    version = str(told.get("redis_version", ""))
    try:
        found = tuple(map(int, version.split(".")[:2]))
    except ValueError:
        found = _OLDEST  # a relative that counts otherwise
    if found < _OLDEST:
        raise Problem(
            f"the Redis at {address.shown} is too old",
            f"it is {one_line(version)[:20]}, and streams are trimmed by age since 6.2",
            "use Redis 6.2 or newer, or Valkey",
            Exit.USAGE,
        )


def is_full(error: Exception) -> bool:
    """Whether it has no memory left for a write."""
    return isinstance(error, library().exceptions.OutOfMemoryError) or str(error).startswith("OOM ")


def why_away(error: Exception) -> Away:
    """An error in words: what is wrong, and what cures it."""
    redis = library().exceptions
    text = one_line(REDACTOR.redact(str(error)))
    code = text.split(" ", 1)[0]
    refused = isinstance(error, redis.AuthenticationError | redis.NoPermissionError)
    if refused or code in ("WRONGPASS", "NOAUTH", "NOPERM"):
        return "it refuses the user or the password", "correct the user and password in its URL"
    if is_full(error):
        return "its memory is full", "give it more (maxmemory), or keep less with --publish-keep"
    if code == "MISCONF":
        return "it cannot save to its disk and refuses writes", "make room on its disk"
    if code == "READONLY" or isinstance(error, redis.ReadOnlyError):
        return "it is a replica and takes no writes", "name the primary"
    if code in ("LOADING", "BUSY", "MASTERDOWN") or isinstance(error, redis.BusyLoadingError):
        return "it is not ready yet", "wait; it is tried again by itself"
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return "it does not answer", "see whether it is up; it is tried again by itself"
    if isinstance(error, redis.ConnectionError | OSError):
        return _unreachable(text), "see whether it is up; it is tried again by itself"
    return f"it answers: {text[:60]}", "see its log; it is tried again by itself"


def _unreachable(text: str) -> str:
    if "refused" in text.lower():
        return "nothing listens there"
    if "name or service" in text.lower() or "not known" in text.lower():
        return "its name is not known"
    return "it cannot be reached"


def _refused(where: str, why: str) -> Problem:
    return Problem(f"{where} cannot be used", why, "give it like redis://127.0.0.1:6379", Exit.USAGE)
