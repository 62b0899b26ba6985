"""Kite knows the request and says no: the family of the 403, and what goes wrong at the login.

The strings and codes are those of Kite Connect v3 (Exceptions page, User page) and of its clients; what they turn out
to mean is what traders found behind them on the developer forum.
"""

from __future__ import annotations

from .page import Meaning, Page

_CONSOLE = "https://developers.kite.trade"

EXPIRED = Meaning(
    "The access token has expired",
    "it worked until this morning, and REST answers 403 TokenException too. Kite flushes every access token once a "
    "day, somewhere between 05:00 and 08:30 IST; an open feed ticks on and fails at its next reconnect",
    "run `kitefeed login`; a running `kitefeed run` notices and carries on",
    ("token-expired", "expired"),
)
PERSONAL = Meaning(
    "The app is on the free Personal plan",
    "the profile and the orders work, quotes answer 403 PermissionException, the WebSocket always answers 403. "
    "Logging in again does not help",
    f"switch the app to the Connect plan at {_CONSOLE}, then log in again",
    ("no-permission", "personal-plan"),
)
OTHER_STRING = Meaning(
    "Another string was saved as access token",
    "REST has never accepted it. The request_token of the redirect URL, the public_token, the enctoken and the "
    "api_secret look much alike, and none of them opens a feed",
    "run `kitefeed login`: it takes the request_token and saves the access token made from it",
    (
        "token-malformed",
        "request-token-saved",
        "public-token-saved",
        "api-secret-saved",
        "api-key-saved",
        "web-token-saved",
        "redirect-url-saved",
    ),
)
BOUGHT_TODAY = Meaning(
    "The Connect plan was bought after this login",
    "the developer console shows the plan as active, quotes still answer 403 PermissionException. An access token "
    "keeps the permissions it was made with",
    "run `kitefeed login` once more",
    ("plan-bought-after-login",),
)
OTHER_APP = Meaning(
    "The access token belongs to another API key",
    "it works with the key of another app of yours. Keys and access tokens go in pairs",
    "check KITE_API_KEY, then run `kitefeed login`",
    ("token-of-another-app", "wrong-key"),
)
NOT_ENABLED = Meaning(
    "This Kite user is not enabled for the app",
    "the login page lets the user in, and everything after it is refused. An app serves the client ID it was made "
    "for, unless others were added",
    f"see at {_CONSOLE} which client ID the app has, and log in as that one",
    ("user-not-enabled",),
)
LOGGED_OUT = Meaning(
    "You were logged out elsewhere",
    "it worked a minute ago, and the hour is not that of the morning flush. A logout by another program, a master "
    "logout on Kite web, or a second login with the same key ends an access token",
    "run `kitefeed login`; log in to the API first and to Kite web after it",
    ("logged-out-elsewhere",),
)
SPENT = Meaning(
    "The request_token is spent",
    "it comes from /session/token, not from the feed: a request_token works once and for a few minutes",
    "run `kitefeed login` and open its link again",
    ("request-token-spent",),
)
PROXY = Meaning(
    "A proxy or firewall answered, not Kite",
    "the answer is a page of HTML without an error_type, and the same computer works from another network",
    "ask whoever runs the network to let api.kite.trade and ws.kite.trade through; leave TLS checks on",
    ("proxy-denies", "proxy-answers", "proxy-drops-websocket"),
)
FEED_ALONE = Meaning(
    "Kite refuses the feed alone",
    "REST accepts the access token and answers quotes, only the WebSocket says 403. It passes, mostly within minutes",
    "leave `kitefeed run` on: it serves from REST and tries the feed every few minutes",
    ("feed-refused",),
)

FORBIDDEN = Page(
    name="403",
    vague=4,
    title="403 Forbidden",
    brief="refused; the number does not say by whom, or why",
    seen=(
        "403 Forbidden",
        "403 - Forbidden",
        "WebSocket connection upgrade failed (403 - Forbidden)",
        "Handshake status 403",
        "Unexpected server response: 403",
        "Unexpected response code: 403",
        "status code '403' when status code '101' was expected",
        "websocket: bad handshake",
        "403 Client Error",
        "server rejected WebSocket connection: HTTP 403",
    ),
    about="The WebSocket answers every refusal with the same 403. REST says more: its answer carries an error_type, "
    "and TokenException and PermissionException are two different troubles. So REST has to be asked.",
    apart="`kitefeed validate` asks Kite in this order and names the one it is.",
    meanings=(
        EXPIRED,
        PERSONAL,
        OTHER_STRING,
        BOUGHT_TODAY,
        OTHER_APP,
        NOT_ENABLED,
        LOGGED_OUT,
        SPENT,
        PROXY,
        FEED_ALONE,
    ),
    words=("forbidden",),
    see=("TokenException", "PermissionException", "429"),
)
TOKEN = Page(
    name="TokenException",
    vague=2,
    title="TokenException: Incorrect `api_key` or `access_token`.",
    brief="REST does not accept the access token",
    seen=(
        "TokenException",
        "Incorrect `api_key` or `access_token`",
        "kiteconnect.exceptions.TokenException",
    ),
    about="This is a verdict: no WebSocket will open with this access token, and no retry helps. Only a new login "
    "does. kitefeed stops using the token at once and waits for the login.",
    apart="`kitefeed validate` says which.",
    meanings=(
        EXPIRED,
        OTHER_STRING,
        OTHER_APP,
        LOGGED_OUT,
        Meaning(
            "No access token is saved",
            "the token store has no KITE_ACCESS_TOKEN, or the program reads another file",
            "run `kitefeed login`; `kitefeed validate` names the file that is read",
            ("token-missing",),
        ),
    ),
    words=("access token", "access_token", "expired", "session"),
    see=("403", "request_token", "checksum"),
)
PERMISSION = Page(
    name="PermissionException",
    title="PermissionException: Insufficient permission for that call.",
    brief="the plan of the app lacks market data",
    seen=("PermissionException", "Insufficient permission for that call"),
    about="The access token is good, and the app may not ask this. A good profile proves nothing here: it is allowed "
    "on every plan. Static IP addresses have nothing to do with it: they matter for orders alone.",
    apart="`kitefeed validate` asks for one quote, which is what the plan decides about.",
    meanings=(PERSONAL, BOUGHT_TODAY, NOT_ENABLED),
    words=("permission", "plan", "personal"),
    see=("403", "static-ip"),
)
HEADER = Page(
    name="InputException",
    title="InputException: Invalid `api_key` or `access_token`.",
    brief="the Authorization header is not in Kite's form",
    seen=("InputException", "Invalid `api_key` or `access_token`", "Missing `api_key` or `access_token`"),
    about="Kite could not read the credentials at all, so it did not judge them. InputException stands for any "
    "malformed request; with this sentence it is about the header.",
    meanings=(
        Meaning(
            "The header lacks its first word",
            "your own code builds it. It reads `Authorization: token API_KEY:ACCESS_TOKEN`, not Bearer",
            "build it like that, or use a client that does",
        ),
        Meaning(
            "A space, a quote or a line end got into the key or the access token",
            "the value was pasted or read from a file by other code",
            "run `kitefeed validate`: it names the setting and what is odd about it, never its value",
            ("token-malformed",),
        ),
    ),
    see=("TokenException",),
)
SPENT_TOKEN = Page(
    name="request_token",
    title="TokenException: Token is invalid or has expired.",
    brief="the request_token was used before, or is too old",
    seen=("Token is invalid or has expired", "/session/token"),
    about="A login gives a request_token in the redirect URL. It is no access token: it is exchanged for one, once, "
    "within a few minutes.",
    meanings=(
        SPENT,
        Meaning(
            "Two programs took the same redirect",
            "the browser was reloaded, or another tool listens on the same redirect URL",
            "stop the other one, then run `kitefeed login`",
        ),
        Meaning(
            "The request_token was made for another API key",
            "the link was opened with the key of another app",
            "run `kitefeed login` and open the link it prints",
            ("no-login",),
        ),
    ),
    words=("request token", "redirect"),
    see=("checksum", "TokenException"),
)
CHECKSUM = Page(
    name="checksum",
    title="TokenException: Invalid `checksum`.",
    brief="the API secret does not belong to the API key",
    seen=("Invalid `checksum`",),
    about="At the login, a SHA-256 of API key, request_token and API secret proves that the secret is known. "
    "It did not match.",
    meanings=(
        Meaning(
            "KITE_API_SECRET is not the secret of this KITE_API_KEY",
            "one of the two was copied from another app, or the secret was made anew since",
            f"copy both again from the page of your app at {_CONSOLE}",
            ("wrong-secret",),
        ),
        Meaning(
            "Something was cut off or added when it was pasted",
            "`kitefeed validate` names spaces and quotes in settings",
            "copy it again, without quotes",
        ),
    ),
    words=("api_secret", "secret"),
    see=("request_token",),
)
STATIC_IP = Page(
    name="static-ip",
    vague=2,
    title="Static IP addresses",
    brief="orders need a registered address, market data does not",
    seen=("IP whitelist", "whitelisted IP", "static IP", "IP address is not", "not allowed from this IP"),
    words=("ip", "whitelist"),
    about="Since 1 April 2026 Kite takes orders from registered addresses only. The feed, quotes, the order book and "
    "positions work from any address, IPv4 or IPv6.",
    meanings=(
        Meaning(
            "An order was refused because of its address",
            "the call was an order; market data goes on",
            f"register the address at {_CONSOLE}: two of them, one change a week",
        ),
        Meaning(
            "Market data is refused, and the address is blamed",
            "then it is something else",
            "run `kitefeed validate`",
        ),
    ),
    see=("403",),
)
