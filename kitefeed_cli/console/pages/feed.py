"""The WebSocket itself: it closes, stays silent, has no room, or its client cannot start again."""

from __future__ import annotations

from .page import Meaning, Page

_WAIT = "nothing to do: `kitefeed run` reopens it, once at once and then after 5, 15, 30 and 60 seconds"

CLOSED = Page(
    name="1006",
    vague=8,
    title="1006: the connection was closed uncleanly",
    brief="the feed ended without a goodbye",
    seen=(
        "Connection error: 1006 - connection was closed uncleanly",
        "Connection closed: 1006",
        "connection was closed uncleanly",
        "peer dropped the TCP connection without previous WebSocket closing handshake",
        "WebSocket connection was closed",
        "Connection to remote host was lost",
        "WebSocketConnectionClosedException",
        "Connection reset by peer",
        "Connection was closed",
        "websocket: close 1006",
        "abnormal closure",
    ),
    about="No server sends 1006. It is what a client notes when the connection ended without a closing message, "
    "whatever ended it. What stands in brackets behind it is the news: look that up.",
    apart="`kitefeed validate` opens a connection and says what answers.",
    meanings=(
        Meaning("An ordinary drop", "it comes back within seconds", _WAIT, ("feed-dropped",)),
        Meaning(
            "The handshake was refused",
            "`403 - Forbidden` or `429` stands behind it; the connection never was",
            "run `kitefeed explain 403` or `kitefeed explain 429`",
            ("feed-refused", "feed-busy"),
        ),
        Meaning(
            "Your own on_ticks was too slow, or raised",
            "it happens in busy minutes, or at every tick of one instrument. The official Python client then blames "
            "the other side",
            "do the work elsewhere: `kitefeed run --json` feeds your program through a pipe and never waits for it",
        ),
        Meaning("The network went away", "REST does not answer either", "check this computer's network"),
    ),
    words=("1006", "closed", "disconnected"),
    see=("403", "429", "no-ticks", "retries"),
)
BUSY = Page(
    name="429",
    vague=3,
    title="429 Too Many Requests",
    brief="no free feed connection, or too many REST calls",
    seen=(
        "429 TooManyRequests",
        "429 - TooManyRequests",
        "429 Too Many Requests",
        "429 - Too Many Requests",
        "Too many requests",
        "WebSocket connection upgrade failed (429",
        "Handshake status 429",
        "Maximum allowed order requests exceeded",
    ),
    about="The feed and REST count different things: a WebSocket handshake is refused when the API key has no "
    "connection left, a REST call when there were too many in a second.",
    meanings=(
        Meaning(
            "Three feeds are open on this API key",
            "it comes from the WebSocket handshake. Another program, another computer, a notebook left open; a "
            "crashed one may hold its place for a minute",
            "stop one of them, then wait a minute",
            ("feed-busy", "no-free-slot"),
        ),
        Meaning(
            "REST was asked too often",
            "it comes from /quote, /quote/ohlc or /quote/ltp: one call a second for all programs together. Others "
            "are allowed ten, candles three",
            "ask for up to 500 instruments in one call; `kitefeed poll` does, and keeps the pace",
            ("throttled",),
        ),
        Meaning(
            "Kite blocks for longer after repeated excess",
            "it goes on although you ask once in a while",
            "stop every program on this key for some minutes",
        ),
    ),
    words=("429", "rate limit", "throttled"),
    see=("403", "subscribe-limit"),
)
NO_TICKS = Page(
    name="no-ticks",
    vague=6,
    title="Connected, but no ticks",
    brief="the feed is open and nothing comes",
    seen=("no ticks", "not receiving ticks", "stopped receiving ticks", "on_ticks not called", "only heartbeats"),
    about="An open connection proves little. Kite sends a heartbeat of one byte about every second, and a packet only "
    "when something changed.",
    apart="`kitefeed run` tells a silent link, a mute feed and a closed market apart and acts on each.",
    meanings=(
        Meaning(
            "The market is closed", "heartbeats come, ticks do not, quotes do not move", "wait for the next session"
        ),
        Meaning(
            "The subscription was wrong",
            "instrument tokens given as text, a nested list, an expired contract: Kite says nothing about it",
            "subscribe by name: `kitefeed run NSE:INFY` refuses what does not exist",
            ("unknown-symbol",),
        ),
        Meaning(
            "The link is dead, and nobody said so",
            "not even heartbeats come. The official Python client does not notice",
            "nothing to do: `kitefeed run` notices after 5 seconds and reopens it",
            ("feed-silent",),
        ),
        Meaning(
            "The feed is mute",
            "heartbeats come while REST shows that the market trades",
            "nothing to do: `kitefeed run` notices within a minute and reopens it",
            ("feed-mute",),
        ),
    ),
    words=("ticks", "heartbeat", "silent", "mute"),
    see=("1006", "subscribe-limit"),
)
TOO_MANY = Page(
    name="subscribe-limit",
    title="Can't subscribe to more than 3000 instruments",
    brief="more instruments than a connection carries",
    seen=("more than 3000 instruments", "can't subscribe", "subscribe to more than 3000"),
    about="A connection carries 3,000 instruments, an API key three connections. Kite takes the "
    "first 3,000 and tells about the others in a text message that most clients do not show.",
    meanings=(
        Meaning(
            "The list is longer than 3,000",
            "count it",
            "give it to `kitefeed run`: it shares up to 9,000 between three connections",
            ("too-many-instruments",),
        ),
        Meaning(
            "Old subscriptions were never taken back",
            "the list grew in the course of the day",
            "unsubscribe what is no longer needed",
        ),
    ),
    see=("429", "no-ticks"),
)
REACTOR = Page(
    name="ReactorNotRestartable",
    title="ReactorNotRestartable",
    brief="the official Python client cannot start twice",
    seen=(
        "ReactorNotRestartable",
        "ReactorAlreadyRunning",
        "twisted.internet.error",
        "signal only works in main thread",
        "'KiteTickerClientFactory' object has no attribute 'stop'",
    ),
    about="KiteTicker runs on Twisted, whose reactor starts once in the life of a process and wants to own the "
    "signals of its main thread. It is no fault of Kite's servers, and no login helps.",
    meanings=(
        Meaning(
            "connect() was called after stop(), or in a loop",
            "the first connection of the process worked",
            "use `kitefeed_cli.Feed`, which opens and closes as often as you like",
        ),
        Meaning(
            "A notebook cell was run again",
            "it works after restarting the kernel",
            "use `kitefeed_cli.Feed`, or read `kitefeed run --json` from another process",
        ),
        Meaning(
            "The ticker was started in a thread or a web server",
            "the message speaks of signals",
            "run the feed as a process of its own",
        ),
    ),
    words=("reactor", "twisted"),
    see=("1006", "retries"),
)
GAVE_UP = Page(
    name="retries",
    vague=6,
    title="Retry attempts, and then nothing",
    brief="a client that retried, gave up, and stays dead",
    seen=(
        "Retrying connection. Retry attempt count",
        "Maximum retries",
        "Retry attempts exhausted",
        "on_noreconnect",
    ),
    about="The official clients retry a refused handshake like a lost network: up to 50 times with the same access "
    "token, for three quarters of an hour. Then they stop, and the process goes on without a feed.",
    apart="`kitefeed validate` says what the retries were about.",
    meanings=(
        Meaning(
            "The access token died under a running program",
            "`403 - Forbidden` stands in the lines before. The token was put into the address when the client was "
            "made, so a new login does not reach it",
            "run `kitefeed run`: it asks REST first, says so once, and takes up the new login by itself",
            ("token-expired",),
        ),
        Meaning("The network was away for long", "the lines before speak of time-outs", "restart the program"),
    ),
    words=("noreconnect", "reconnect", "retry"),
    see=("403", "1006"),
)
