"""A bar for work that takes a while: on a terminal only, on stderr, and gone when the work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .printer import Printer

Advance = Callable[[str], None]  # one more is done; a few words about how it goes


@contextmanager
def progress(printer: Printer, what: str, total: int) -> Iterator[Advance]:
    """`total` steps of `what`. Elsewhere than on a terminal, or with `--quiet`, nothing is shown."""
    if not printer.talks_to_terminal:
        yield lambda words: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    # a narrow bar: a line as wide as the terminal would be broken by the ^C that it echoes
    columns = TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, TextColumn("{task.fields[words]}"), console=printer.talk_console(), transient=True) as bar:
        task = bar.add_task(what, total=total, words="")
        yield lambda words: bar.update(task, advance=1, words=words)
