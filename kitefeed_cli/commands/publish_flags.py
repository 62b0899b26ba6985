"""The flags of `run --publish`. They are read with the other settings, so that `envvar` stands in their help texts
alone."""

from __future__ import annotations

from typing import Annotated

import typer

Publish = Annotated[
    str | None,
    typer.Option(
        "--publish",
        metavar="URL",
        help="Publish the feed to other machines through a Redis, like redis://HOST or redis://HOST?name=FEED. A "
        "password belongs into the variable, never here.  \\[env var: KITEFEED_PUBLISH]",
        show_default=False,
    ),
]
PublishKeep = Annotated[
    str | None,
    typer.Option(
        "--publish-keep",
        metavar="DURATION",
        help="With --publish: how long Redis keeps what was published.  "
        "\\[env var: KITEFEED_PUBLISH_KEEP; default: 10m]",
        show_default=False,
    ),
]
