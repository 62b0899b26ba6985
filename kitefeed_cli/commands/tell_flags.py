"""The flags that name whom to tell. They are read with the other settings, so that `envvar` stands in their help texts
alone."""

from __future__ import annotations

from typing import Annotated

import typer

Notify = Annotated[
    list[str] | None,
    typer.Option(
        "--notify",
        metavar="URL",
        help="Tell somebody when the feed dies, and when it is back: a URL of apprise (Telegram, mail, ntfy...). It "
        "holds a password, so the variable is the better place; may be given again.  \\[env var: KITEFEED_NOTIFY]",
        show_default=False,
    ),
]
NotifyExec = Annotated[
    str | None,
    typer.Option(
        "--notify-exec",
        metavar="COMMAND",
        help="The same with a program of yours: it gets each message as JSON on stdin.  "
        "\\[env var: KITEFEED_NOTIFY_EXEC]",
        show_default=False,
    ),
]
