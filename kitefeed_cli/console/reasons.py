"""What `validate` found to lie behind a cause, and what it says of it.

Kite answers several mistakes with one and the same 403. Where nothing tells them apart, all are named. The texts are
data, as the catalogue of causes is: each reason in three sentences, none longer than a line of 80 columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from .messages import MOST_COLUMNS
from .words import shortened


class Reason(Enum):
    """The values are the words of `diagnosis` in `validate --json`."""

    # what is saved as access token
    EXPIRED = "expired"
    REQUEST_TOKEN = "request-token-saved"
    PUBLIC_TOKEN = "public-token-saved"
    API_SECRET = "api-secret-saved"
    API_KEY = "api-key-saved"
    WEB_TOKEN = "web-token-saved"
    REDIRECT = "redirect-url-saved"
    OTHER_APP = "token-of-another-app"
    LOGGED_OUT = "logged-out-elsewhere"
    # the account
    PERSONAL_PLAN = "personal-plan"
    BOUGHT_TODAY = "plan-bought-after-login"
    USER_NOT_ENABLED = "user-not-enabled"
    # the feed
    FEED_REFUSED = "feed-refused"
    NO_FREE_SLOT = "no-free-slot"
    # the way
    NAME = "name-not-found"
    NO_CONNECTION = "no-connection"
    PROXY_DENIES = "proxy-denies"
    PROXY_LOGIN = "proxy-wants-login"
    PROXY_ANSWERS = "proxy-answers"
    PROXY_DROPS = "proxy-drops-websocket"
    TLS_UNTRUSTED = "tls-untrusted"
    TLS_FAILED = "tls-failed"
    CLOCK_WRONG = "clock-wrong"


@dataclass(frozen=True, slots=True)
class Advice:
    """Fields: `{detail}` what was answered, `{host}`, `{proxy}`, `{since}` when the access token was saved."""

    what: str
    why: str
    next: str


_LOG_IN = "run `kitefeed login`, which saves the right one"

ADVICE: dict[Reason, Advice] = {
    Reason.EXPIRED: Advice(
        "your access token has expired ({detail})",
        "it was {since}, before the last morning flush",
        "run `kitefeed login`",
    ),
    Reason.API_SECRET: Advice(
        "your API secret is saved as access token ({detail})",
        "it is the value of KITE_API_SECRET, or has the shape of one",
        _LOG_IN,
    ),
    Reason.API_KEY: Advice(
        "an API key is saved as access token ({detail})",
        "it is the value of KITE_API_KEY, or has the shape of one",
        _LOG_IN,
    ),
    Reason.WEB_TOKEN: Advice(
        "the enctoken of Kite's web page is saved as access token",
        "Kite's API takes only what a login of your app gives",
        _LOG_IN,
    ),
    Reason.REDIRECT: Advice(
        "a redirect URL, or a part of one, is saved as access token",
        "its request_token has to be exchanged first; it lives a few minutes",
        "run `kitefeed login -` and paste that URL there",
    ),
    Reason.LOGGED_OUT: Advice(
        "your session was ended elsewhere ({detail})",
        "{since}, after the flush: it has not expired",
        "run `kitefeed login`; a logout on Kite's page or another login ends it",
    ),
    Reason.PERSONAL_PLAN: Advice(
        "your app's plan has no market data ({detail})",
        "the profile is fine, a quote is refused: the free Personal plan",
        "switch the app to Connect at https://developers.kite.trade",
    ),
    Reason.USER_NOT_ENABLED: Advice(
        "your user is not enabled for this app ({detail})",
        'Kite says "The user is not enabled for the app."',
        "enter your client ID for the app at https://developers.kite.trade",
    ),
    Reason.FEED_REFUSED: Advice(
        "REST accepts you, and the WebSocket does not ({detail})",
        "profile and quote are answered, only the handshake is refused",
        "run `kitefeed login`; if that is no cure, Kite must be: wait",
    ),
    Reason.NO_FREE_SLOT: Advice(
        "no feed connection of your API key is free ({detail})",
        "Kite allows 3; one of a crashed program may count for a minute",
        "stop another program on this API key, then check again",
    ),
    Reason.NAME: Advice(
        "the name {host} cannot be looked up",
        "{detail}",
        "check this computer's network and its DNS",
    ),
    Reason.NO_CONNECTION: Advice(
        "no connection to {host}",
        "TCP: {detail}",
        "check this computer's network, and the firewall for port 443",
    ),
    Reason.PROXY_DENIES: Advice(
        "your proxy does not let you through to Kite",
        "{proxy}: {detail}; Kite was not reached",
        "have it allow api.kite.trade and ws.kite.trade, port 443",
    ),
    Reason.PROXY_LOGIN: Advice(
        "your proxy wants a login",
        "{proxy}: {detail}; Kite was not reached",
        "put it into HTTPS_PROXY, like http://user:password@host:port",
    ),
    Reason.PROXY_ANSWERS: Advice(
        "a proxy answers in Kite's place",
        "{detail}",
        "have it allow WebSockets to {host}, or add that to NO_PROXY",
    ),
    Reason.PROXY_DROPS: Advice(
        "your proxy lets REST through and drops the WebSocket",
        "behind {proxy}: {detail}",
        "have it allow WebSockets to {host}, or add that to NO_PROXY",
    ),
    Reason.TLS_UNTRUSTED: Advice(
        "the certificate shown for {host} is not trusted",
        "TLS: {detail}",
        "a company's proxy? name its certificate in SSL_CERT_FILE",
    ),
    Reason.TLS_FAILED: Advice(
        "no TLS connection to {host}",
        "{detail}",
        "is it another network's page that answers? open a web page in a browser",
    ),
    Reason.CLOCK_WRONG: Advice(
        "this computer's clock is wrong",
        "TLS: {detail}",
        "set the clock, and keep it right by NTP",
    ),
}

# For those that Kite answers alike.
_NAMES = {
    Reason.EXPIRED: "expired",
    Reason.REQUEST_TOKEN: "a request or public token",
    Reason.PUBLIC_TOKEN: "",  # goes with the one before
    Reason.OTHER_APP: "another app's",
    Reason.LOGGED_OUT: "logged out",
}
_ALIKE = Advice(
    "Kite rejects what is saved as access token ({detail})",
    "it is {list}",
    "run `kitefeed login`, which cures each; Kite's answer tells no more",
)
_OF_PLAN = Advice(
    "your app's plan has no market data ({detail})",
    "it is the free Personal plan, or Connect was bought since this login",
    "bought it today? run `kitefeed login`; else see developers.kite.trade",
)


def advise(reasons: Sequence[Reason], facts: Mapping[str, str]) -> Advice:
    """The sentences for what it can be, the likeliest first."""
    if len(reasons) == 1:
        found = ADVICE[reasons[0]]
    elif Reason.BOUGHT_TODAY in reasons:
        found = _OF_PLAN
    else:
        found = _ALIKE
        *others, last = filter(None, (_NAMES[reason] for reason in reasons))
        facts = {**facts, "list": f"{', '.join(others)} or {last}"}
    return Advice(_filled(found.what, facts), _filled(found.why, facts), _filled(found.next, facts))


def _filled(sentence: str, facts: Mapping[str, str]) -> str:
    """With its facts in it; what was answered is shortened when it would not fit beside its label."""
    whole = sentence.format(**facts)
    over = len(whole) - MOST_COLUMNS
    if over <= 0 or "{detail}" not in sentence:
        return whole
    return sentence.format(**{**facts, "detail": shortened(facts["detail"], max(8, len(facts["detail"]) - over))})
