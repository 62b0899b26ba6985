"""The Typer app, and the only place where problems become exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from . import __version__
from .commands.common import Talk, make_printer
from .commands.emulator import emulator
from .commands.login import login
from .commands.poll import poll
from .commands.run import run
from .commands.simulate import simulate
from .commands.validate import validate
from .console.streams import OutputClosed
from .problems import Exit, Problem, bug

_INTERRUPTED = 130  # what shells call a command that Ctrl-C ended before it had an answer

app = typer.Typer(
    name="kitefeed",
    help="The market-data feed for Kite Connect that stays up.",
    epilog="Start with `kitefeed login`, then `kitefeed validate`, then `kitefeed run NSE:INFY`. "
    "No account yet? `kitefeed run --emulator --demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kitefeed {__version__}")
        raise typer.Exit


@app.callback()
def _talk(
    ctx: typer.Context,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, envvar="KITEFEED_VERBOSE", help="Say more; twice: even more.")
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", envvar="KITEFEED_QUIET", help="Say nothing but errors.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    ctx.obj = Talk(verbose, quiet)


app.command()(run)
app.command()(validate)
app.command()(login)
app.command()(poll)
app.command()(simulate)
app.command()(emulator)


def main() -> NoReturn:
    """The console script. Whatever happens: one clear message, the right exit code, no traceback."""
    try:
        app()
    except Problem as problem:
        _tell(problem)
        _leave(problem.exit_code)
    except SystemExit as end:
        _leave(Exit.OK if end.code == _INTERRUPTED and _goes_on_until_stopped() else end.code)
    except KeyboardInterrupt:
        _leave(Exit.OK if _goes_on_until_stopped() else _INTERRUPTED)
    except (OutputClosed, BrokenPipeError):
        _leave(Exit.OK)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _tell(bug(error))
        _leave(Exit.BUG)
    _leave(Exit.OK)


def _goes_on_until_stopped() -> bool:
    """Whether Ctrl-C is the proper end of this command. One that was to give an answer has not given it."""
    words = sys.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    return command in ("run", "emulator") or (command == "poll" and "--once" not in words)


def _tell(problem: Problem) -> None:
    json = "--json" in sys.argv[1:] or os.environ.get("KITEFEED_JSON", "").lower() in ("1", "true", "yes", "on")
    make_printer(Talk(), json=json).error(problem)


def _leave(code: int | str | None) -> NoReturn:
    """End the process. Neither a reader that left nor a late Ctrl-C may make the interpreter complain on its way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, stream.fileno())
    sys.exit(code)
