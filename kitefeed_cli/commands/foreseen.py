"""What `run` would refuse as soon as it starts, for `service install`: its user is not there to read it then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer

from .local_flags import check_demo
from .publish_flags import check_standby


def check_words(ctx: typer.Context, words: list[str], env_file: Path | None) -> None:
    """Raises Problem for words that `run` understands and would not take, a usage error for others."""
    from ..settings import env_file_path, read_settings

    group: Any = ctx.find_root().command
    run = group.commands["run"].make_context("run", list(words))
    for name in run.params:
        if run.get_parameter_source(name).name == "ENVIRONMENT":  # of this shell: the unit will not have it
            run.params[name] = None
    check_demo(run)
    check_standby(run)
    settings = read_settings(env_file_path(env_file, os.environ), {})
    where = run.params["serve"]
    if where is not None or settings.serve:
        from ..gateway.guard import address, check_exposed

        host, _ = address(settings.serve if where is None else where)
        # The key's file is not read: it may be for another user's eyes only, whose process it is to be.
        keyed = run.params["relay_key_file"] or settings.relay_key_file
        check_exposed(host, "some key" if keyed else "", remote=bool(run.params["serve_remote"]))
