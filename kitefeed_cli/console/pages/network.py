"""Nobody said no: Kite's servers, the network, this computer's clock."""

from __future__ import annotations

from .page import Meaning, Page

PROXY = Page(
    name="proxy",
    vague=1,
    title="A proxy answered",
    brief="something between this computer and Kite said no",
    seen=(
        "407 Proxy Authentication Required",
        "Tunnel connection failed",
        "Cannot connect to proxy",
        "ProxyError",
        "WebSocketProxyException",
        "failed CONNECT via proxy",
        "the proxy answered",
    ),
    about="The request never reached Kite. A proxy's 403 says nothing about your access token.",
    meanings=(
        Meaning(
            "The proxy wants a login",
            "407 stands in the text",
            "put user and password into HTTPS_PROXY: http://user:password@host:port",
            ("proxy-wants-login",),
        ),
        Meaning(
            "The proxy does not let Kite through",
            "403 stands in the text, and the same computer works from another network",
            "ask for api.kite.trade and ws.kite.trade on port 443, CONNECT and WebSocket allowed",
            ("proxy-denies", "proxy-answers", "proxy-drops-websocket"),
        ),
        Meaning(
            "HTTPS_PROXY is left over from another network",
            "`env` shows it, and nobody needs it here",
            "unset HTTPS_PROXY and HTTP_PROXY",
        ),
    ),
    words=("407",),
    see=("403", "certificate"),
)
CERTIFICATE = Page(
    name="certificate",
    vague=1,
    title="The certificate is not accepted",
    brief="TLS cannot prove that it is Kite who answers",
    seen=(
        "CERTIFICATE_VERIFY_FAILED",
        "certificate verify failed",
        "self-signed certificate",
        "self signed certificate",
        "unable to get local issuer certificate",
        "certificate has expired",
        "certificate is not yet valid",
        "certificate not trusted",
        "Hostname mismatch",
        "SSLError",
        "SSLCertVerificationError",
    ),
    about="Whoever answered could not prove to be Kite. Turning the check off hands the access token to whoever it "
    "is; kitefeed has no switch for that.",
    meanings=(
        Meaning(
            "This computer's clock is wrong",
            "the text says expired or not yet valid",
            "set the clock by NTP, then run `kitefeed validate`",
            ("clock-wrong",),
        ),
        Meaning(
            "A company's proxy opens TLS",
            "the issuer is your company's, or self-signed stands in the text",
            "point SSL_CERT_FILE and REQUESTS_CA_BUNDLE to the company's CA file",
            ("tls-untrusted", "tls-failed"),
        ),
        Meaning(
            "The computer's CA certificates are old",
            "other https addresses fail too",
            "update the system's ca-certificates, and `pip install -U certifi`",
        ),
    ),
    words=("ssl", "tls"),
    see=("proxy", "clock"),
)
CLOCK = Page(
    name="clock",
    title="The clock is wrong",
    brief="a wrong clock makes TOTP and certificates fail",
    seen=("Invalid TOTP", "clock skew", "clock is wrong"),
    about="A TOTP is valid for half a minute and certificates know their dates. kitefeed never asks for a TOTP: you "
    "type it on Kite's own page.",
    meanings=(
        Meaning(
            "This computer or the phone is off by half a minute or more",
            "`kitefeed validate` compares this computer with Kite's answers",
            "set the time automatically on both",
            ("clock-wrong",),
        ),
        Meaning("The TOTP is of another account", "the time is right", "scan the QR code of the account again"),
    ),
    words=("totp", "2fa", "ntp"),
    see=("certificate",),
)
HTML = Page(
    name="DataException",
    vague=4,
    title="DataException: an answer that is not JSON",
    brief="a page of HTML came where Kite sends JSON",
    seen=(
        "DataException",
        "Unknown Content-Type",
        "Couldn't parse the JSON response",
        "Expecting value: line 1 column 1",
        "JSONDecodeError",
        "Handshake status 200",
        "with HTML",
    ),
    about="Something answered that is not Kite's API, or Kite's front end answered for it. It is no verdict on the "
    "access token.",
    meanings=(
        Meaning(
            "Kite's API is down behind its front end",
            "502, 503 or 504 stands in the text",
            "wait: `kitefeed run` keeps trying",
            ("feed-failed",),
        ),
        Meaning(
            "A portal wants you to log in to the network",
            "200 with HTML, in a hotel, a train or an office",
            "open any page in a browser and log in to the network",
        ),
        Meaning(
            "Too many instruments stood in one address",
            "414 or `Your browser sent an invalid request`",
            "ask for fewer than 800 instruments in one call; `kitefeed poll` splits them",
        ),
    ),
    words=("html", "json", "414"),
    see=("NetworkException", "proxy"),
)
BACKEND = Page(
    name="NetworkException",
    vague=5,
    title="NetworkException, 500, 502, 503, 504",
    brief="Kite's own servers have trouble",
    seen=(
        "NetworkException",
        "GeneralException",
        "Request failed (kt-quotes)",
        "Request failed (kitetrade-oms)",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway",
        "500 Internal Server Error",
        "Something unexpected went wrong",
    ),
    about="Kite answered, and could not do it. It is not your token and not your network. It happens most at the "
    "opening bell.",
    apart="`kitefeed validate` shows REST and the feed side by side: they fail independently.",
    meanings=(
        Meaning(
            "Kite's servers are overloaded or down",
            "others see it too; the other half, REST or feed, may work",
            "wait: `kitefeed run` keeps trying, and serves from the half that works",
            ("feed-failed",),
        ),
        Meaning(
            "It is a 429 under the same name",
            "`Too many requests` stands beside NetworkException",
            "run `kitefeed explain 429`",
            ("throttled",),
        ),
    ),
    words=("500", "502", "503", "504"),
    see=("DataException", "unreachable"),
)
UNREACHABLE = Page(
    name="unreachable",
    vague=7,
    title="Kite cannot be reached",
    brief="no answer: name, route, refusal or time-out",
    seen=(
        "Name or service not known",
        "Temporary failure in name resolution",
        "getaddrinfo failed",
        "nodename nor servname provided",
        "Failed to resolve",
        "name not found",
        "Network is unreachable",
        "No route to host",
        "Connection refused",
        "Connection was refused by other side",
        "Max retries exceeded",
        "HTTPSConnectionPool",
        "Read timed out",
        "ConnectTimeout",
        "ReadTimeout",
        "TimeoutError",
        "TCP connection timed out",
        "no answer in time",
        "no answer within",
        "timed out",
    ),
    about="The question did not get through, or no answer came in time. It is no verdict on the access token.",
    apart="`kitefeed validate` goes through name, TCP, TLS and HTTP in that order and names the first that breaks.",
    meanings=(
        Meaning(
            "This computer has no network, or no name server",
            "other addresses fail too; the text speaks of names or routes",
            "mend the network; `kitefeed run` is back within seconds of it",
            ("kite-unreachable", "name-not-found", "no-connection"),
        ),
        Meaning(
            "IPv6 leads nowhere",
            "it works with IPv4, or after a long wait",
            "mend or switch off IPv6 on this computer",
        ),
        Meaning(
            "A firewall drops the connection",
            "it times out, and the same computer works from another network",
            "allow TCP 443 to api.kite.trade and ws.kite.trade",
            ("feed-unreachable",),
        ),
        Meaning(
            "Kite is down",
            "others see it too",
            "wait: `kitefeed run` keeps trying",
            ("kite-unreachable", "feed-unreachable"),
        ),
    ),
    words=("timeout", "dns", "network", "unreachable"),
    see=("proxy", "NetworkException", "1006"),
)
STORE = Page(
    name="token-not-saved",
    title="The access token cannot be saved",
    brief="the token store cannot be written to",
    seen=("token cannot be saved", "token store"),
    about="The access token is kept in one line of the env file. It is written with mode 0600, all at once or not "
    "at all, and never printed instead.",
    meanings=(
        Meaning(
            "The file or its folder is not yours",
            "it was made by root or by another user; `ls -ld . .env` shows it",
            "make both yours, or name another file with `--env-file PATH`",
            ("token-not-saved",),
        ),
        Meaning(
            "Others can read the token store",
            "`ls -l .env` shows more than -rw-------, and KITEFEED_STRICT refuses that",
            "run `kitefeed login`, which writes it anew for you alone",
            ("token-store-not-private",),
        ),
        Meaning("The disk is full", "`df .` shows it", "free some space, then run `kitefeed login` again"),
    ),
    words=("read-only",),
    see=("TokenException",),
)
