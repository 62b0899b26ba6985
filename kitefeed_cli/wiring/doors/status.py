"""`kitefeed status`: the runs of this user on this computer, asked over their sockets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...clock import Clock
from ...console import bulletin
from ...console.printer import Printer
from ...health.asking import Heard, ask_all
from ...health.place import AVAILABLE
from ...problems import Exit, Problem
from ...redact import one_line

_WORST_FIRST = (Exit.NO, Exit.LOGIN, Exit.REFUSED, Exit.UNREACHABLE, Exit.OK)


def tell_status(
    env_file: Path | None, max_tick_age_s: float | None, environ: Mapping[str, str], clock: Clock, printer: Printer
) -> Exit:
    """Say how each run is; the worst exit code. Raises Problem when there is none to ask."""
    if not AVAILABLE:
        raise Problem(
            "a run cannot be asked on this system",
            "it has no Unix domain sockets",
            "start it with `kitefeed run --serve PORT`, and ask its /readyz",
        )
    heard = ask_all(environ, env_file, clock)
    if not heard:
        raise Problem(
            "no feed is running",
            "no `kitefeed run` of this user" + ("" if env_file is None else f" on {one_line(str(env_file))}"),
            "start one with `kitefeed run`",
            Exit.NO,
            "no-run",
        )
    codes = [_tell(one, max_tick_age_s, printer, first=one is heard[0]) for one in heard]
    return next(code for code in _WORST_FIRST if code in codes)


def _tell(heard: Heard, max_tick_age_s: float | None, printer: Printer, *, first: bool) -> Exit:
    if heard.vitals is None:
        printer.error(
            Problem(
                f"the run in process {heard.process_id} does not say how it is",
                heard.why,
                "look whether that process still works; stop it and start it again",
                Exit.NO,
                "no-answer",
            )
        )
        return Exit.NO
    said = bulletin.verdict(heard.vitals, max_tick_age_s)
    if printer.json:
        printer.data(bulletin.record(heard.process_id, heard.env_file, heard.vitals, said))
    else:
        block = bulletin.lines(heard.process_id, one_line(heard.env_file), heard.vitals, said)
        printer.data("\n".join([*([] if first else [""]), *block]))
    return said.exit_code
