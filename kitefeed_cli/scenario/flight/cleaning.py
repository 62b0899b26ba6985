"""What a file must not hold is taken out before it is kept: secrets, by the redactor, and the user's name."""

from __future__ import annotations

from dataclasses import replace

from ...policy.actions import Note, Report, Say
from ...policy.events import Event, FeedClosed, FeedRefused, FeedUnreachable, QuotesPolled, TokenChecked
from ...redact import REDACTOR, one_line

USER = "<user>"
_LONGEST = 120  # characters of a detail; the console shows 48


def cleaned(event: Event) -> Event:
    """The event without secrets and without the user's name."""
    if isinstance(event, TokenChecked):
        return replace(event, detail=_clean(event.detail), user=USER if event.user else "")
    if isinstance(event, FeedRefused | FeedUnreachable | FeedClosed | QuotesPolled):
        return replace(event, detail=_clean(event.detail))
    return event


def cleaned_say(say: Say) -> Say:
    """What the policy would say of the cleaned events: it hands their details on as they are."""
    return replace(say, detail=USER if say.note is Note.TOKEN_OK and say.detail else _clean(say.detail))


def cleaned_report(report: Report) -> Report:
    """The same for an error."""
    return replace(report, detail=_clean(report.detail), lost_detail=_clean(report.lost_detail))


def _clean(text: str) -> str:
    return one_line(REDACTOR.redact(text))[:_LONGEST]
