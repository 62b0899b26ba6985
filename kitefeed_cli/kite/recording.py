"""Replays recorded REST answers through the real client. Nothing leaves this computer meanwhile.

Recordings are VCR cassettes, scrubbed: where a credential or a person stood, a placeholder stands.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..problems import Problem
from ..redact import one_line

_QUERY_SECRETS = ("api_key", "access_token")
_FORM_SECRETS = ("api_key", "request_token", "checksum", "refresh_token")


@contextlib.contextmanager
def replaying(cassette: Path) -> Iterator[None]:
    """Answer every HTTP request of this process from `cassette`, in its order for each path; a request it does
    not hold fails as a KiteError (FAILED).

    The query is not compared: a recording of a few instruments serves any watchlist, and the names it does not
    hold are absent, as Kite leaves unknown ones out. Raises Problem when the file is no cassette.
    """
    import vcr
    import yaml  # type: ignore[import-untyped, unused-ignore]  # vcrpy brings it, its types are not there

    logging.getLogger("vcr").setLevel(logging.CRITICAL)  # it logs URLs, and a warning would reach stderr unredacted
    player = vcr.VCR(
        record_mode="none",
        serializer="plain",
        match_on=("method", "scheme", "host", "port", "path"),
        filter_headers=[("authorization", "<authorization>"), ("cookie", "<cookie>")],
        filter_query_parameters=[(name, f"<{name}>") for name in _QUERY_SECRETS],
        filter_post_data_parameters=[(name, f"<{name}>") for name in _FORM_SECRETS],
    )
    player.register_serializer("plain", _PlainYaml())
    if not cassette.is_file():
        raise _no_cassette(cassette, "there is no such file")
    with contextlib.ExitStack() as stack:
        try:
            recorded = stack.enter_context(player.use_cassette(str(cassette)))
        except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
            raise _no_cassette(cassette, "it is not a VCR cassette") from None
        if len(recorded) == 0:
            raise _no_cassette(cassette, "it holds no answers")
        yield


class _PlainYaml:
    """YAML without tags: a cassette named by somebody else's scenario must not run code."""

    def deserialize(self, text: str) -> Any:
        import yaml

        return yaml.safe_load(text)

    def serialize(self, cassette: Any) -> str:
        raise AssertionError("a replayed cassette is never written")


def _no_cassette(cassette: Path, why: str) -> Problem:
    return Problem(
        f"the recording {one_line(str(cassette))} cannot be replayed", why, "correct the scenario's `cassette`"
    )
