"""What `run` would refuse as soon as it starts, for `service install`: its user is not there to read it then."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .follow_flags import flags_of
from .hour_flags import until_of
from .local_flags import check_demo
from .publish_flags import check_standby

if TYPE_CHECKING:
    from ..settings import Settings


def check_words(ctx: typer.Context, words: list[str], env_file: Path | None) -> None:
    """Raises Problem for words that `run` understands and would not take, a usage error for others."""
    from ..clock import SystemClock
    from ..following import normal
    from ..settings import env_file_path, read_settings

    group: Any = ctx.find_root().command
    run = group.commands["run"].make_context("run", list(words))
    for name in run.params:
        if run.get_parameter_source(name).name == "ENVIRONMENT":  # of this shell: the unit will not have it
            run.params[name] = None
    until_of(run.params["until"], SystemClock())
    check_demo(run)
    check_standby(run)
    path = Path(os.path.abspath(env_file_path(env_file, os.environ)))
    with contextlib.chdir(path.parent if path.parent.is_dir() else "."):  # where the unit will look for a watchlist
        settings = read_settings(path, {}, flags_of(run))
    for name in settings.instruments:
        normal(name)
    _check_publishing(run, settings)
    _check_serving(run, settings)


def _check_publishing(run: typer.Context, settings: Settings) -> None:
    if run.params["standby"]:
        from ..wiring.sharing.standby import publishing_in_turns

        publishing_in_turns(settings)
    elif settings.publish:
        from ..wiring.doors.publish import publishing_of

        publishing_of(settings)


def _check_serving(run: typer.Context, settings: Settings) -> None:
    where = run.params["serve"]
    if where is not None or settings.serve:
        from ..gateway.guard import address, check_exposed

        host, _ = address(settings.serve if where is None else where)
        # The key's file is not read: it may be for another user's eyes only, whose process it is to be.
        keyed = run.params["relay_key_file"] or settings.relay_key_file
        check_exposed(host, "some key" if keyed else "", remote=bool(run.params["serve_remote"]))
