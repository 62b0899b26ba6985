"""What every command shares: the global flags, the printer made from them, and the `--env-file` option."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..clock import Clock, SystemClock
from ..console.printer import Printer
from ..redact import REDACTOR

EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        envvar="KITEFEED_ENV_FILE",
        metavar="PATH",
        help="The token store: where KITE_API_KEY and KITE_ACCESS_TOKEN are read and saved.  \\[default: .env]",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", envvar="KITEFEED_JSON", help="One JSON object a line on stdout.")]

Incidents = Annotated[
    Path | None,
    typer.Option(
        "--incidents",
        envvar="KITEFEED_INCIDENTS",
        metavar="DIR",
        help="Write each outage there as a scenario file that `kitefeed simulate` plays again.",
    ),
]
RecordRest = Annotated[
    bool,
    typer.Option(
        "--record-rest",
        envvar="KITEFEED_RECORD_REST",
        help="With --incidents: Kite's REST answers too, prices included, as a VCR cassette without secrets.",
    ),
]
Processors = Annotated[
    Literal["one", "all"],
    typer.Option(
        "--processors",
        envvar="KITEFEED_PROCESSORS",
        help="How many to use: with one, ticks take half the processor time.",
    ),
]


@dataclass(frozen=True, slots=True)
class Talk:
    """How much to say: `-v` and `-q` stand before the subcommand."""

    verbose: int = 0
    quiet: bool = False


def make_printer(talk: Talk | None, *, json: bool = False, clock: Clock | None = None) -> Printer:
    """The printer of this process: stdout for data, stderr for talk."""
    talk = talk or Talk()
    return Printer(
        sys.stdout,
        sys.stderr,
        clock or SystemClock(),
        json=json,
        quiet=talk.quiet,
        verbose=talk.verbose,
        redact=REDACTOR.redact,
    )
