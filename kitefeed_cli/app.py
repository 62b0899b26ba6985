"""The Typer app, and the only place where problems become exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Annotated, NoReturn

import typer

from . import __version__
from .commands.common import Talk, make_printer
from .commands.emulator import emulator
from .commands.explain import explain
from .commands.find import find
from .commands.login import login
from .commands.logout import logout
from .commands.poll import poll
from .commands.read import read
from .commands.relay import relay
from .commands.run import run
from .commands.simulate import simulate
from .commands.status import status
from .commands.unit import service
from .commands.validate import validate
from .console.streams import OutputClosed
from .family import keep_to
from .problems import Exit, Problem, bug
from .stopping import INTERRUPTED, stopped_exit
from .unforeseen import filter_stderr

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
    ipv4: Annotated[
        bool, typer.Option("--ipv4", "-4", envvar="KITEFEED_IPV4", help="Speak to Kite over IPv4 alone.")
    ] = False,
    ipv6: Annotated[
        bool, typer.Option("--ipv6", "-6", envvar="KITEFEED_IPV6", help="Speak to Kite over IPv6 alone.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if ipv4 and ipv6:
        raise typer.BadParameter("-4 and -6 exclude each other")
    if ipv4 or ipv6:
        keep_to(4 if ipv4 else 6)
    ctx.obj = Talk(verbose, quiet)


app.command()(run)
app.command()(status)
app.command()(validate)
app.command()(login)
app.command()(logout)
app.command()(find)
app.command()(poll)
app.command()(relay)
app.command()(read)
app.command()(simulate)
app.command()(emulator)
app.command()(explain)
app.add_typer(service, name="service")


def main() -> NoReturn:
    """The console script. Whatever happens, and on whatever thread: one clear message, the exit code, no traceback."""
    met: list[Problem] = []

    def on_thread(raised: threading.ExceptHookArgs) -> None:
        error = raised.exc_value
        if error is None or isinstance(error, SystemExit):
            return
        met.append(error if isinstance(error, Problem) else bug(error))
        if len(met) == 1:  # a second one would read as a second Ctrl-C, which ends the process at once and with 0
            _interrupt()

    threading.excepthook = on_thread
    filter_stderr()
    code = _ended()
    if met:
        _tell(met[0])
        code = met[0].exit_code
    _leave(code)


def _ended() -> int | str | None:
    """Run the command; the exit code it earned."""
    try:
        app()
    except Problem as problem:
        _tell(problem)
        return problem.exit_code
    except SystemExit as end:
        return stopped_exit() if end.code == INTERRUPTED else end.code
    except KeyboardInterrupt:
        return stopped_exit()
    except (OutputClosed, BrokenPipeError):
        return Exit.OK
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _tell(bug(error))
        return Exit.BUG
    return Exit.OK


def _interrupt() -> None:
    """Make the main thread end the command in good order, as Ctrl-C does, even out of a long sleep."""
    main_thread = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main_thread is not None:
        signal.pthread_kill(main_thread, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _tell(problem: Problem) -> None:
    json = "--json" in sys.argv[1:] or os.environ.get("KITEFEED_JSON", "").lower() in ("1", "true", "yes", "on")
    make_printer(Talk(), json=json).error(problem)


def _leave(code: int | str | None) -> NoReturn:
    """End the process. Neither a reader that left nor a late signal may make the interpreter complain on its way."""
    for late in (signal.SIGINT, signal.SIGTERM):
        signal.signal(late, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, stream.fileno())
    sys.exit(code)
