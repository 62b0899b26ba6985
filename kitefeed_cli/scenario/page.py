"""A play as one HTML file: the states as bands, what happened in each, the waits, the error. Needs nothing else.

No script at all, and a policy that lets none run and nothing be fetched; every text is escaped. A state is told by
its word and its pattern, not by its colour alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from ..console.words import duration
from ..problems import Problem
from ..redact import one_line
from . import transcript
from .explain import scaled, sentence
from .runner import Outcome
from .tale import Band, Moment, Tale, Voice, tale_of

_STYLE = Path(__file__).with_name("page.css")
_WIDTH, _HEIGHT = 1000.0, 60.0
_UNKNOWN = "unknown"  # a word that is no state of ours: a recording may hold anything
_LEAST = 0.02  # of the longest band: the shortest one is still seen

# One pattern a state, so that the bands can be told apart without colours.
_PATTERNS = {
    "live": "",
    "closed": '<path class="mark" d="M0 3H12M0 9H12" stroke-width="1.5"/>',
    "polling": '<path class="mark" d="M3 0V12M9 0V12" stroke-width="2"/>',
    "stale": '<path class="mark" d="M0 12L12 0" stroke-width="2.5"/>',
    "signed-out": '<path class="mark" d="M0 0L12 12M0 12L12 0" stroke-width="1.5"/>',
    "connecting": '<path class="mark" d="M3 3h1M9 9h1" stroke-width="3"/>',
    _UNKNOWN: '<path class="mark" d="M2 2H10V10H2Z" fill="none" stroke-width="1.5"/>',
}


def laid_down(outcomes: Iterable[Outcome], path: Path) -> Iterator[Outcome]:
    """The outcomes as they come; each is written to `path` as a page. Raises Problem when that cannot be written, or
    is a scenario's."""
    if path.suffix in (".toml", transcript.SUFFIX):
        raise Problem(
            f"a page is not written over {one_line(str(path))}",
            f"files that end with {path.suffix} belong to scenarios",
            "name another file, like `--html page.html`",
            cause="page",
        )
    for outcome in outcomes:
        try:
            path.write_text(page(outcome), "utf-8", newline="\n")
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "its name is no file name"
            raise Problem(
                f"the page cannot be written to {one_line(str(path))}",
                why.lower(),
                "name a file that can be written with `--html FILE`",
                cause="page",
            ) from None
        yield outcome


def page(outcome: Outcome) -> str:
    """The whole file."""
    style = _STYLE.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = escape(f"{outcome.scenario.name}: {outcome.scenario.title}")
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(_body(outcome, tale_of(outcome.log))) + "\n</body>\n</html>\n"


def _body(outcome: Outcome, tale: Tale) -> Iterator[str]:
    starts_at = tale.log.wall(tale.bands[0].from_s)
    stage = "recorded" if outcome.scenario.recorded is not None else f"{outcome.stage} stage"
    yield f"<header>\n<h1>{escape(outcome.scenario.title)}</h1>"
    where = f"{starts_at:%A, %d %B %Y}, {stage}"
    yield f'<p class="faint"><code>{escape(outcome.scenario.name)}</code>, {escape(where)}</p>'
    yield f'<p class="verdict">{escape(tale.summary())}.</p>\n</header>'
    yield from _strip(tale)
    yield "<main>"
    for band in tale.bands:
        yield from _section(tale, band)
    yield "</main>"
    yield from _promises(outcome)


def _strip(tale: Tale) -> Iterator[str]:
    """The day as one line of bands."""
    label = escape("The states in their order: " + ", ".join(band.state for band in tale.bands))
    box = f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio="none"'
    yield f'<svg class="strip" {box} role="img" aria-label="{label}"><defs>'
    yield from (_pattern(state) for state in _PATTERNS)
    yield "</defs>"
    shares = _shares(tale)
    at = 0.0
    for band, share in zip(tale.bands, shares, strict=True):
        title = escape(f"{band.state}, {tale.clock(band.from_s)} to {tale.clock(band.until_s)}")
        width = share * _WIDTH
        yield _filled(band.state, at, width, _HEIGHT, title)
        for moment in band.moments:
            if moment.voice is Voice.ERROR:
                x = at + width * _within(band, moment)
                title = escape(f"{tale.clock(moment.at_s)} error: {moment.text}")
                yield f'<path class="error" d="M{x - 9:.1f} 0h18l-9 26z"><title>{title}</title></path>'
        at += width
    yield "</svg>"
    yield from _legend(tale)


def _legend(tale: Tale) -> Iterator[str]:
    first, last = tale.bands[0].from_s, tale.bands[-1].until_s
    yield f'<p class="faint ends"><time>{tale.clock(first)}</time><time>{tale.clock(last)}</time></p>'
    yield '<ul class="legend">'
    for state in _PATTERNS:
        total_s = sum(band.until_s - band.from_s for band in tale.bands if _known(band.state) == state)
        if any(_known(band.state) == state for band in tale.bands):
            box = f'<svg viewBox="0 0 36 18" aria-hidden="true">{_filled(state, 0.0, 36.0, 18.0, "")}</svg>'
            yield f"<li>{box}{state}, {duration(total_s)} in all</li>"
    yield "</ul>"
    yield '<p class="faint">A band is as wide as the logarithm of its time. A wedge is an error that was printed.</p>'


def _known(state: str) -> str:
    return state if state in _PATTERNS else _UNKNOWN


def _pattern(state: str) -> str:
    return f'<pattern id="p-{state}" width="12" height="12" patternUnits="userSpaceOnUse">{_PATTERNS[state]}</pattern>'


def _filled(state: str, x: float, width: float, height: float, title: str) -> str:
    """A box in a state's colour and pattern."""
    known = _known(state)
    box = f'x="{x:.1f}" y="0" width="{width:.1f}" height="{height:g}"'
    label = f"<title>{title}</title>" if title else ""
    return f'<g class="{known}">{label}<rect class="base" {box}/><rect fill="url(#p-{known})" {box}/></g>'


def _shares(tale: Tale) -> list[float]:
    """Which part of the width each band takes."""
    longest_s = max(band.until_s - band.from_s for band in tale.bands)
    widths = [max(_LEAST, scaled(band.until_s - band.from_s, longest_s)) for band in tale.bands]
    return [width / sum(widths) for width in widths]


def _within(band: Band, moment: Moment) -> float:
    lasted_s = band.until_s - band.from_s
    return scaled(moment.at_s - band.from_s, lasted_s) if lasted_s > 0 else 0.0


def _section(tale: Tale, band: Band) -> Iterator[str]:
    known = _known(band.state)
    cause = f'<span class="cause">because of <code>{escape(band.cause)}</code></span>' if band.cause else ""
    took = duration(band.until_s - band.from_s)
    yield f'<section class="{known}">'
    yield (
        f'<h2><time>{tale.clock(band.from_s)}</time><span class="state">{escape(band.state)}</span>{cause}'
        f'<span class="took">for {took}</span></h2>'
    )
    yield "<ul>"
    yield from (_item(tale, moment) for moment in band.moments)
    yield "</ul>\n</section>"


def _item(tale: Tale, moment: Moment) -> str:
    voice = moment.voice.value
    more = "".join(f'<p class="more">{_words(line)}</p>' for line in moment.more)
    return (
        f'<li class="moment {voice.lower()}"><time>{tale.clock(moment.at_s)}</time>'
        f'<span class="voice">{voice}</span><span class="text">{_words(sentence(tale, moment))}</span>{more}</li>'
    )


def _words(text: str) -> str:
    """A sentence; what stands between backticks is set as a command."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _promises(outcome: Outcome) -> Iterator[str]:
    yield "<h3>What was promised</h3>\n<table>"
    for one in outcome.verdicts:
        kept = "kept" if one.kept else "broken"
        got = "" if one.kept else f" (got: {escape(one.got)})"
        yield (
            f'<tr class="{kept}"><td>{kept}</td><td>{escape(one.promise)}</td><td>{escape(one.promised)}{got}</td></tr>'
        )
    if outcome.difference:
        yield '<tr class="broken"><td>broken</td><td>transcript</td><td>it is not the accepted one</td></tr>'
    yield "</table>"
