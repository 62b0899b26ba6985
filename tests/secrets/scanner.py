"""Looks for what must not stand in a file that is shown to others: credentials of Kite, and who somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Values that stand where a secret or a person stood.
_PLACEHOLDER = r"(?!<|\{|\$|XX0000|your_|REDACTED)"
_NAMES = "access_token|request_token|public_token|refresh_token|enctoken|checksum|api_secret"

KINDS = {
    "Authorization": re.compile(rf"authorization[\"']?\s*[:=]\s*\[?[\"']?{_PLACEHOLDER}[A-Za-z]", re.IGNORECASE),
    "a credential": re.compile(
        rf"\b(?:{_NAMES})(?:=|%3D|[\"']\s*:\s*\[?\s*[\"']){_PLACEHOLDER}[A-Za-z0-9]", re.IGNORECASE
    ),
    "a token": re.compile(
        r"(?<![A-Za-z0-9/])(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{32}(?![A-Za-z0-9])"
    ),
    "a checksum": re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"),
    "a user id": re.compile(rf"\"user_id\"\s*:\s*\"{_PLACEHOLDER}[A-Z]{{2,3}}\d{{3,5}}\""),
    "an e-mail address": re.compile(r"(?<![\w.:+-])[\w.+-]+@(?!example\.)[\w-]+\.(?!service\b|timer\b)[a-z]{2,}"),
    "a PAN": re.compile(r"(?<![A-Z0-9])[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?![A-Z0-9])"),
    "a phone number": re.compile(r"(?<![\d.])(?:\+91[ -]?)?[6-9]\d{4}[ -]?\d{5}(?![\d.])"),
}


def findings(text: str) -> Iterator[str]:
    """`KIND at line N`; never the value."""
    for kind, pattern in KINDS.items():
        for found in pattern.finditer(text):
            yield f"{kind} at line {text.count(chr(10), 0, found.start()) + 1}"
