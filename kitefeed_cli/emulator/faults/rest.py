"""Faults of the REST side, `/connect/login` and the control endpoints excepted.

Shapes and texts: Kite Connect v3 docs, "Exceptions and errors" page, and bodies reported by users.
"""

from __future__ import annotations

import json

from kitefeed_cli.emulator.faults.fault import PROXYS_HEADERS, PROXYS_PAGE, Answer, Fault

REST_DELAY_S = 8.0  # the official clients give up after 7 s

_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>\n"


def _error(status: int, **body: object) -> Answer:
    return Answer(status, json.dumps({"status": "error", **body}))


REST = (
    Fault("up", "REST is well"),
    Fault(
        "failing",
        "503 NetworkException",
        answer=_error(503, message="Request failed (kt-quotes)", data=None, error_type="NetworkException"),
    ),
    Fault("unreachable", "connections are reset", resets=True),
    Fault("blackholed", "connections are accepted and never answered", holds=True),
    Fault(
        "throttled",
        "429 NetworkException",
        answer=_error(429, message="Too many requests", error_type="NetworkException"),
    ),
    Fault("slow", f"answers take {REST_DELAY_S:.0f} s", delay_s=REST_DELAY_S),
    Fault("html", "200 with a web page", answer=Answer(200, _HTML.format("Kite"), "text/html")),
    Fault("bad-gateway", "502 with a web page", answer=Answer(502, _HTML.format("502 Bad Gateway"), "text/html")),
    Fault("empty", "200 with an empty body", answer=Answer(200, "")),
    Fault("untyped", "403 without an error_type", answer=_error(403, message="Forbidden")),
    Fault(
        "proxied",
        "a proxy on the way answers with its own 403 page",
        answer=Answer(403, PROXYS_PAGE, "text/html", PROXYS_HEADERS),
    ),
    Fault("headless", "403 with neither body nor Content-Type", answer=Answer(403, "", None)),
)
