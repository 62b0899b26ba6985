"""One plain HTTP request of a shipped source: no redirects, no netrc, a size limit, and no text of the library's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..clock import Clock
from .offer import SourceError

_CHUNK = 64 * 1024
_RETRY_UNCLEAR_S = 60.0


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    body: bytes
    retry_after_s: float  # 0: it names no time


def fetched(
    url: str,
    clock: Clock,
    within_s: float,
    most_bytes: int,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Fetched:
    """The answer, whatever its status. Raises SourceError when none comes; `within_s` bounds each step of it, and the
    whole of a body that drips."""
    import requests

    ends_s = clock.now_s() + within_s
    body = bytearray()
    try:
        with requests.Session() as session:
            session.auth = lambda request: request  # or an entry in ~/.netrc would replace our Authorization
            reply = session.get(
                url,
                params=params,
                headers=headers,
                timeout=clock.real_s(within_s),
                allow_redirects=False,  # the credentials would travel along
                stream=True,
            )
            with reply:
                for chunk in reply.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > most_bytes:
                        raise SourceError(f"{reply.status_code}, longer than {most_bytes >> 20} MiB")
                    if clock.now_s() > ends_s:
                        raise SourceError(f"no answer within {within_s:g} s")
            return Fetched(reply.status_code, bytes(body), _retry_after_s(reply.headers.get("retry-after", "")))
    except requests.exceptions.Timeout:
        raise SourceError(f"no answer within {within_s:g} s") from None
    except requests.exceptions.SSLError:
        raise SourceError("TLS failed") from None
    except (requests.exceptions.RequestException, OSError) as error:
        raise SourceError(f"not reached ({type(error).__name__})") from None


def _retry_after_s(text: str) -> float:
    """Seconds; a date, or anything else, counts as a minute (RFC 9110 §10.2.3)."""
    if not text:
        return 0.0
    return float(text) if re.fullmatch(r"\d{1,9}", text) else _RETRY_UNCLEAR_S
