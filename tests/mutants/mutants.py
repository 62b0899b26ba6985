"""One-line faults of the policy, as data. Each must be killed: by a rule of the exploration, a test or a scenario.

`before` stands exactly once in `file` (of `kitefeed_cli/policy`) and becomes `after`. When the policy changes, a
mutant that no longer applies stops the run: write it anew.
"""

from __future__ import annotations

from typing import NamedTuple

# ruff: noqa: E501  a line of the policy stands as it is


class Mutant(NamedTuple):
    """A fault on purpose."""

    name: str
    file: str
    before: str
    after: str


MUTANTS = (
    Mutant(
        "opens the feed on a dead token",
        "machine.py",
        "            return moves.sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)\n        case Answer.NOT_PERMITTED:",
        "            return moves.open_feed(turn, event.answer)\n        case Answer.NOT_PERMITTED:",
    ),
    Mutant(
        "believes a dead token when REST does not answer",
        "machine.py",
        "            if turn.ledger.verdict.usable:\n                return moves.open_feed",
        "            if turn.ledger.verdict.askable:\n                return moves.open_feed",
    ),
    Mutant(
        "keeps the verdict after a 403 at the handshake",
        "machine.py",
        "            return moves.ask_why(turn, event.detail)",
        "            return moves.open_feed(turn, Answer.OK)",
    ),
    Mutant(
        "believes a 403 at the handshake",
        "machine.py",
        "            return moves.ask_why(turn, event.detail)",
        "            return moves.sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)",
    ),
    Mutant(
        "retries the handshake while signed out",
        "machine.py",
        "            return state if turn.now_s < state.recheck_s else moves.attempt(turn)",
        "            return state if turn.now_s < state.recheck_s else moves.open_feed(turn, Answer.OK)",
    ),
    Mutant(
        "asks every second while signed out",
        "moves.py",
        "    wait_s = _next_rung(turn)\n    tell(turn, cause, detail, wait_s)\n    turn.say_once(Note.RECHECK",
        "    wait_s = 1.0\n    tell(turn, cause, detail, wait_s)\n    turn.say_once(Note.RECHECK",
    ),
    Mutant(
        "reports every failure",
        "moves.py",
        "    if _RANK[cause.remedy] <= _RANK[outage.told]:",
        "    if _RANK[cause.remedy] < 0:",
    ),
    Mutant(
        "reports never",
        "moves.py",
        "    if _RANK[cause.remedy] <= _RANK[outage.told]:",
        "    if _RANK[cause.remedy] > 0:",
    ),
    Mutant(
        "sends the user back from logging in to waiting",
        "moves.py",
        "_RANK = {None: 0, Remedy.WAIT: 1, Remedy.FIX: 2, Remedy.LOG_IN: 3}",
        "_RANK = {None: 0, Remedy.WAIT: 3, Remedy.FIX: 2, Remedy.LOG_IN: 1}",
    ),
    Mutant(
        "resets the ladder when the socket opens",
        "machine.py",
        "            turn.put(refusals=0)\n            if not turn.outage.is_blip:",
        "            turn.put(refusals=0, rung=0)\n            if not turn.outage.is_blip:",
    ),
    Mutant(
        "ends an outage with the first live tick",
        "moves.py",
        "    if turn.outage.clean:\n",
        "    if turn.outage:\n",
    ),
    Mutant(
        "has no attempt budget",
        "moves.py",
        "    turn.put(attempts=bucket.taken(), unasked=False)",
        "    turn.put(unasked=False)",
    ),
    Mutant(
        "gives the budget back with a new token",
        "moves.py",
        "        turn.put(verdict=Verdict.UNKNOWN, login=True, rung=0, refusals=0)",
        "        turn.put(verdict=Verdict.UNKNOWN, login=True, rung=0, attempts=type(turn.ledger.attempts)(4))",
    ),
    Mutant(
        "lets the canary try without the budget",
        "machine.py",
        "            return moves.attempt(turn) if back else state",
        "            return moves.open_feed(turn, Answer.OK) if back else state",
    ),
    Mutant(
        "has no canary",
        "machine.py",
        "            return moves.attempt(turn) if back else state",
        "            return state",
    ),
    Mutant(
        "polls at hours at which nobody would miss ticks",
        "machine.py",
        "    polling.tend_polls(turn, wanted=event.trading)",
        "    polling.tend_polls(turn)",
    ),
    Mutant(
        "cries at night about what heals by itself",
        "moves.py",
        "    if cause.remedy is Remedy.WAIT and not turn.ledger.trading:",
        "    if cause.remedy is Remedy.FIX and not turn.ledger.trading:",
    ),
    Mutant(
        "forgets in an outage when ticks would be missed",
        "machine.py",
        "    turn.put(trading=event.trading)\n    polling",
        "    polling",
    ),
    Mutant(
        "polls while live",
        "states.py",
        "        case Checking() | Opening() | Asking() | Waiting():\n            return state.ledger.may_poll",
        "        case Checking() | Opening() | Asking() | Waiting() | Live():\n            return state.ledger.may_poll",
    ),
    Mutant(
        "polls with a dead token",
        "ledger.py",
        "        return self.verdict.usable and not self.spent",
        "        return not self.spent",
    ),
    Mutant(
        "closes an open feed when a login replaces its token",
        "watching.py",
        "                turn.say(Note.TOKEN_KEPT)  # never close an open feed for a token's sake\n",
        "                moves.close(turn, state.ask)\n",
    ),
    Mutant(
        "ignores silence",
        "watching.py",
        "    if event.frame_age_s >= limits.silence_s:",
        "    if event.frame_age_s >= limits.silence_s * 1000:",
    ),
    Mutant(
        "counts heartbeats as ticks",
        "watching.py",
        "    mute = event.trading and event.tick_age_s >= limits.mute_s",
        "    mute = event.trading and event.frame_age_s >= limits.mute_s",
    ),
    Mutant(
        "shows a mute feed as live while REST is down",
        "watching.py",
        "            doubtful = event.answer is not Answer.OK",
        "            doubtful = False",
    ),
    Mutant(
        "calls a feed mute without asking",
        "watching.py",
        "            if event.moved:\n                moves.close(turn, state.ask)\n                return moves.lose",
        "            if True:\n                moves.close(turn, state.ask)\n                return moves.lose",
    ),
    Mutant(
        "accepts an answer to an old question",
        "machine.py",
        "        case TokenChecked(ask=state.ask):\n            return _checked",
        "        case TokenChecked():\n            return _checked",
    ),
    Mutant(
        "recovers without a problem",
        "moves.py",
        "    if owed and outage is not None and (outage.lost is not None or outage.reported):",
        "    if owed and outage is not None:",
    ),
    Mutant(
        "recovers again and again",
        "moves.py",
        "        turn.put_outage(owed=False, reported=False)",
        "        turn.put_outage(reported=False)",
    ),
    Mutant(
        "suppresses without counting",
        "moves.py",
        "        turn.put(lines=lines, suppressed=turn.ledger.suppressed + 1)",
        "        turn.put(lines=lines)",
    ),
    Mutant(
        "has no line budget",
        "moves.py",
        "    turn.put(lines=lines.taken(), suppressed=0)",
        "    turn.put(suppressed=0)",
    ),
    Mutant(
        "treats a missing plan as an expired token",
        "machine.py",
        "        case Answer.NOT_PERMITTED:\n            return moves.bar(turn, event.detail)\n        case Answer.THROTTLED",
        "        case Answer.NOT_PERMITTED:\n            return moves.sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)\n"
        "        case Answer.THROTTLED",
    ),
    Mutant(
        "treats REST's trouble as an expired token",
        "machine.py",
        "                return moves.open_feed(turn, event.answer)  # REST may be down alone",
        "                return moves.sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)",
    ),
    Mutant(
        "ignores Retry-After",
        "polling.py",
        "        wait_s = max(event.retry_after_s, turn.limits.throttle_s(throttles))",
        "        wait_s = turn.limits.throttle_s(throttles)",
    ),
    Mutant(
        "throttles without getting slower",
        "polling.py",
        "        turn.put_polls(throttles=throttles + 1, not_before_s=turn.now_s + wait_s)",
        "        turn.put_polls(not_before_s=turn.now_s + wait_s)",
    ),
    Mutant(
        "makes up for missed polls after a sleep",
        "polling.py",
        "asked_s=turn.now_s, next_s=turn.now_s + turn.limits.poll_every_s)",
        "asked_s=turn.now_s, next_s=polls.next_s + turn.limits.poll_every_s)",
    ),
    Mutant(
        "tries once more when asked to stop",
        "machine.py",
        "    turn.do(Finish())\n    return Stopped(turn.ledger)",
        "    turn.do(Finish())\n    turn.do(CheckToken(turn.ask()))\n    return Stopped(turn.ledger)",
    ),
    Mutant(
        "leaves the old socket open",
        "watching.py",
        '        moves.close(turn, state.ask)\n        detail = f"no frame for',
        '        detail = f"no frame for',
    ),
    Mutant(
        "never gives a handshake up",
        "machine.py",
        '            moves.close(turn, state.ask)\n            return _unreachable(turn, state, "no answer',
        '            return _unreachable(turn, state, "no answer',
    ),
    Mutant(
        "never tries the slow lane",
        "moves.py",
        "    slow = turn.ledger.refusals >= turn.limits.refusals",
        "    slow = turn.ledger.refusals > turn.limits.refusals + 99",
    ),
    Mutant(
        "waits the first rung for ever",
        "moves.py",
        "    turn.put(rung=min(turn.ledger.rung + 1, len(turn.limits.ladder_s) - 1))",
        "    turn.put(rung=0)",
    ),
    Mutant(
        "makes a blip a problem",
        "moves.py",
        "    if cause is Cause.FEED_MUTE and not turn.ledger.verdict.rejected:  # no blip: a minute without ticks",
        "    if not turn.ledger.verdict.rejected:",
    ),
    Mutant(
        "waits for ever beside a feed that never ticked",
        "watching.py",
        "            if event.trading and _never_ticked(turn, state):",
        "            if not event.trading and _never_ticked(turn, state):",
    ),
    Mutant(
        "gives the first tick no minute",
        "watching.py",
        "    mute = turn.now_s >= state.since_s + turn.limits.mute_s",
        "    mute = turn.now_s >= state.since_s",
    ),
    Mutant(
        "signs out in silence",
        "moves.py",
        "    wait_s = _next_rung(turn)\n    tell(turn, cause, detail, wait_s)\n    turn.say_once(Note.RECHECK",
        "    wait_s = _next_rung(turn)\n    turn.say_once(Note.RECHECK",
    ),
)
