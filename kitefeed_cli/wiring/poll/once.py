"""The wiring of `poll --once`: every instrument once, from Kite, or else from the secondary source."""

from __future__ import annotations

from ...clock import Clock
from ...console.messages import status_line
from ...console.printer import Printer
from ...console.words import source_words
from ...kite.errors import KiteError
from ...outputs import Output
from ...policy import DEFAULT, Answer, Limits, Note, Say
from ...polling import Batches, Quotes
from ...problems import Problem
from ...session import TokenStore
from ...settings import Settings
from ...sources.asking import Asker
from ...sources.offer import QuoteSource
from ...sources.sifting import sift
from ...ticks.quotes import QuoteBatch
from ..values.fallback import GAP_S, Refusals, secondary_of, wanted_of
from ..values.output import make_output
from .words import SO, SO_FROM_KITE, name_missing, no_token, problem_of


def poll_once(settings: Settings, store: TokenStore, clock: Clock, printer: Printer, limits: Limits = DEFAULT) -> None:
    """Every instrument once. Raises Problem when no source brings quotes."""
    quotes = Quotes(settings, store, clock, limits, printer.detail)
    secondary = secondary_of(settings, clock)
    so = SO if secondary is None else SO_FROM_KITE
    without_token = no_token(quotes.watch.session, so, clock, store)
    if without_token is not None and secondary is None:
        raise without_token
    batches, warnings = quotes.batches()
    for warning in warnings:
        printer.status(warning)
    output = make_output(printer, printer.data, quotes.board, quotes.names, clock, None)
    try:
        if without_token is not None:
            raise without_token
        _kite_once(quotes, batches, output, so, printer, clock, limits)
    except Problem as problem:
        if secondary is None or not _served(secondary, quotes, output, printer, clock):
            raise
        printer.status(f"{problem.what} ({problem.why})")


def _kite_once(
    quotes: Quotes, batches: Batches[str], output: Output, so: str, printer: Printer, clock: Clock, limits: Limits
) -> None:
    for number, names in enumerate(batches.turns):
        if number:
            clock.sleep(limits.poll_gap_s)
        try:
            batch = _ask_twice(quotes, names, clock, limits)
        except KiteError as error:
            raise problem_of(error, so, clock) from None
        quotes.board.take(batch)
        output.accept(batch)
        name_missing(printer, names, batch)


def _ask_twice(quotes: Quotes, names: list[str], clock: Clock, limits: Limits) -> QuoteBatch:
    """Another program on the same API key may just have had this second's request."""
    try:
        return quotes.ask(names)
    except KiteError as error:
        if error.answer is not Answer.THROTTLED or error.retry_after_s > limits.poll_every_s:
            raise
        clock.sleep(max(limits.poll_gap_s, error.retry_after_s))
        return quotes.ask(names)


def _served(source: QuoteSource, quotes: Quotes, output: Output, printer: Printer, clock: Clock) -> bool:
    """Whether the secondary source had quotes, which were written then. What went wrong is said."""
    wanted = [wanted_of(one) for one in quotes.instruments]
    if not wanted:
        printer.status(f"{source.name} is not asked: Kite's instrument list could not be had")
        return False
    asker, refusals = Asker(source, clock), Refusals()
    failure = asker.prepare(wanted).failure
    served = False
    for number, turn in enumerate(Batches(wanted, asker.most, 0.0, GAP_S).turns):
        if number:
            clock.sleep(GAP_S)
        outcome = asker.fetch(turn)
        if outcome.failure:
            failure = outcome.failure
            continue
        sifted = sift(outcome.answer, {one.key: one for one in turn}, quotes.board.last, clock.wall())
        if sifted.values:
            if not served:
                printer.status(status_line(Say(Note.POLLING, source_words(source.name, sifted.delay_s))))
            served = True
            output.accept(QuoteBatch(sifted.values, clock.now_s(), source.name))
        for line in refusals.lines(source.name, sifted):
            printer.status(line)
    if not served:
        printer.status(f"{source.name} brings no quotes ({failure or 'no usable quotes'})")
    return served
