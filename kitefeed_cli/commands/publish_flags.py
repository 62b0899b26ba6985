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
Standby = Annotated[
    bool,
    typer.Option(
        "--standby",
        envvar="KITEFEED_STANDBY",
        help="With --publish: wait without a feed while another one publishes, and take over within 5 s when it ends.",
    ),
]


def check_standby(ctx: typer.Context) -> None:
    """Raises Problem for what a program that takes turns cannot do besides."""
    from ..problems import Problem

    given = ctx.params
    if not given["standby"]:
        return
    if given["emulator"]:
        raise Problem(
            "`--standby` does not go with `--emulator`",
            "nobody else could take over a feed that is in this program",
            "start `kitefeed emulator`, and let both runs use that",
        )
    if given["serve"] is not None:
        raise Problem(
            "`--standby` does not go with `--serve`",
            "programs would lose their connection whenever another machine takes over",
            "run `kitefeed relay --from REDIS` beside it, which stays for good",
        )
