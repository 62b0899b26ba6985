"""One voice for the connections of a run: what each of them would say, and what the user hears.

The state is that of all: live when every connection is, `partial` when some are. An error is told when it names a
stronger remedy than those before it in this outage of the whole, which is over when that of each of them is. A status
line has one speaker: the first connection to say it. Recovery is said when the last one is back, and that a feed
which flapped holds when all of them do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..policy import Cause, Note, Remedy, Report, Say, Show, Shown
from ..policy.actions import Action

_RANK = {None: 0, Remedy.WAIT: 1, Remedy.FIX: 2, Remedy.LOG_IN: 3}
_UP = (Shown.LIVE, Shown.CLOSED)
_WORST_FIRST = (Shown.SIGNED_OUT, Shown.POLLING, Shown.STALE, Shown.CONNECTING)
_BACK = (Note.LIVE, Note.LIVE_AGAIN)
_OF_A_WAIT = (Note.RETRY, Note.RECHECK)

_State = tuple[Shown, Cause | None]


class Chorus:
    """`instruments`: how many each connection carries."""

    def __init__(self, instruments: Sequence[int]) -> None:
        self._instruments = instruments
        self._states: list[_State] = [(Shown.CONNECTING, None)] * len(instruments)
        self._shown: _State = (Shown.CONNECTING, None)
        self._told: Remedy | None = None
        self._speakers: dict[Note, int] = {}
        self._back: Say | None = None  # the best recovery that waits for the others
        self._steady: Say | None = None  # the same of feeds that flapped
        self._relapsed = False  # since the last recovery that was told
        self._polling_s = 0.0  # how often is polled, as the user was told
        self._told_up: int | None = None  # how many instruments are up, as the user was told; None: nothing was

    def heard(self, number: int, actions: Sequence[Action], over: bool) -> tuple[tuple[Action, ...], bool]:
        """What of a connection's actions is done, and whether no error was left out. `over`: no connection is in an
        outage, not even in one whose feed is live again and has to hold yet."""
        for one in actions:
            if isinstance(one, Show):
                self._states[number] = one.shown, one.cause
        done: list[Action] = []
        told_all = True
        for one in actions:
            match one:
                case Show():
                    pass
                case Report():
                    told = self._report(number, one)
                    told_all = told_all and bool(told)
                    done += told
                case Say():
                    done += self._say(number, one)
                case _:
                    done.append(one)
        return (*done, *self._together(), *self._holds(over)), told_all

    def _report(self, number: int, report: Report) -> list[Action]:
        if _RANK[report.cause.remedy] <= _RANK[self._told]:
            return []
        self._told, self._told_up = report.cause.remedy, self._up()
        alone = any(shown in _UP for shown, _ in self._states)
        return [replace(report, part=self._words(self._instruments[number])) if alone else report]

    def _say(self, number: int, say: Say) -> list[Action]:
        match say.note:
            case note if note in _BACK:
                self._back = _better(self._back, say)
                return []
            case Note.STEADY:
                self._steady = _better(self._steady, say)
                return []
            case Note.POLLING:  # said again when more of them take turns, and each is served more seldom
                slower = say.seconds > self._polling_s
                self._polling_s = max(self._polling_s, say.seconds)
                return [say] if slower else []
            case note if note in _OF_A_WAIT and self._states[self._speakers.get(note, number)][0] in _UP:
                self._speakers[note] = number  # who spoke of it before is back
                return [say]
            case note if self._speakers.setdefault(note, number) != number:
                return []
            case Note.LOGGED_IN | Note.WOKE:  # what was told before says nothing now
                self._told = None
                return [say]
            case _:
                return [say]

    def _together(self) -> list[Action]:
        """What all of them make: the state, and the recovery when the last one is back."""
        done: list[Action] = []
        before, self._shown = self._shown, self._all()
        whole, up = self._shown[0] in _UP, self._up()
        if whole:
            if self._back is not None and self._shown[0] is Shown.LIVE is not before[0]:
                done.append(self._back)
                self._relapsed = False
            self._back = None
            self._told_up = None if self._told_up is None else up
            if before[0] not in _UP:
                self._speakers.clear()
                self._polling_s = 0.0
        else:
            self._relapsed = True
            if self._told_up not in (None, up):
                self._told_up = up
                done.append(Say(Note.PARTLY, self._words(up)))
        if self._shown != before:
            done.append(Show(*self._shown))
        return done

    def _holds(self, over: bool) -> list[Action]:
        """When all of them hold the outage is over; and that is said of a feed which flapped."""
        if not (over and self._shown[0] in _UP):
            return []
        owed, self._steady = self._steady if self._relapsed else None, None
        self._told = self._told_up = None
        return [] if owed is None else [owed]

    def _all(self) -> _State:
        kinds = [shown for shown, _ in self._states]
        if all(shown in _UP for shown in kinds):
            return (Shown.LIVE if Shown.LIVE in kinds else Shown.CLOSED), None
        if any(shown in _UP for shown in kinds):
            cause = next((cause for shown, cause in self._states if shown not in _UP and cause is not None), None)
            return Shown.PARTIAL, cause
        worst = next(shown for shown in _WORST_FIRST if shown in kinds)
        return next(state for state in self._states if state[0] is worst)

    def _up(self) -> int:
        """How many instruments have a feed."""
        pairs = zip(self._states, self._instruments, strict=True)
        return sum(many for (shown, _), many in pairs if shown in _UP)

    def _words(self, many: int) -> str:
        return f"{f'{many:,}' if many else 'none'} of {sum(self._instruments):,} instruments"


def _better(before: Say | None, say: Say) -> Say:
    """The one that tells of more."""
    return say if before is None or (say.seconds, say.tries) > (before.seconds, before.tries) else before
