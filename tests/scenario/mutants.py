"""One-line faults of the policy, each with a shipped scenario that must break: the proof that the stories have teeth.

Run as a program it plays them all, each with the real source changed as it is imported, and prints one JSON object
a line: the mutant's name, whether its change was found in the source, and the promises that broke.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
from dataclasses import dataclass
from types import ModuleType

POLICY = "kitefeed_cli.policy."


@dataclass(frozen=True)
class Mutant:
    """`before` in the source of `module` becomes `after`; `scenario` is to break."""

    name: str
    module: str
    before: str
    after: str
    scenario: str


_DEAD = "return moves.sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)"

MUTANTS = (
    Mutant(
        "opens the feed with a dead token",
        "machine",
        f"{_DEAD}\n        case Answer.NOT_PERMITTED",
        "return moves.open_feed(turn, event.answer)\n        case Answer.NOT_PERMITTED",
        "expired-token",
    ),
    Mutant(
        "asks every second while signed out",
        "moves",
        "    wait_s = _next_rung(turn)\n    tell(turn, cause, detail, wait_s)",
        "    wait_s = 1.0\n    tell(turn, cause, detail, wait_s)",
        "login-after-expiry",
    ),
    Mutant(
        "reports every failure",
        "moves",
        "    if _RANK[cause.remedy] <= _RANK[outage.told]:\n        return\n",
        "",
        "flaky-wifi",
    ),
    Mutant(
        "reports never",
        "moves",
        "    if _RANK[cause.remedy] <= _RANK[outage.told]:\n        return\n",
        "    return\n",
        "expired-token",
    ),
    Mutant(
        "has no attempt budget",
        "moves",
        "attempts=bucket.taken(), ",
        "",
        "token-file-rewritten-in-a-loop",
    ),
    Mutant(
        "ends an outage with its first live tick",
        "watching",
        "now_s >= state.stable_s and turn.ledger.outage is not None",
        "turn.ledger.outage is not None",
        "flapping-feed",
    ),
    Mutant(
        "resets the ladder when the socket opens",
        "machine",
        "            return Joined(",
        "            turn.put(rung=0)\n            return Joined(",
        "flapping-feed",
    ),
    Mutant(
        "closes the live feed for a new token",
        "watching",
        "        case TokenStored():\n            known = turn.ledger.unasked",
        "        case TokenStored() if event.new:\n            moves.close(turn, state.ask)\n"
        "            return moves.lose(turn, Cause.FEED_DROPPED, '', turn.now_s)\n"
        "        case TokenStored():\n            known = turn.ledger.unasked",
        "feed-outlives-its-token",
    ),
    Mutant(
        "has no canary",
        "polling",
        "    return before.failed and event.answer is Answer.OK",
        "    return False and event.answer is Answer.OK",
        "kite-unreachable-10-minutes",
    ),
    Mutant(
        "lets REST trouble block the handshake",
        "machine",
        "return moves.open_feed(turn, event.answer)  # REST may be down alone",
        "return moves.failed(turn, Cause.KITE_UNREACHABLE, event.detail)",
        "rest-down-feed-fine",
    ),
    Mutant(
        "never minds silence",
        "watching",
        "    if event.frame_age_s >= limits.silence_s:",
        "    if False:",
        "silent-socket",
    ),
    Mutant(
        "takes heartbeats for ticks",
        "watching",
        "event.tick_age_s >= limits.mute_s",
        "event.frame_age_s >= limits.mute_s",
        "mute-feed",
    ),
    Mutant(
        "looks for ticks in the evening",
        "watching",
        "mute = event.trading and event.tick_age_s >= limits.mute_s",
        "mute = event.tick_age_s >= limits.mute_s",
        "quiet-evening",
    ),
    Mutant(
        "believes a handshake's 403",
        "machine",
        "return moves.ask_why(turn, event.detail)",
        _DEAD,
        "forbidden-but-token-fine",
    ),
    Mutant(
        "believes a poll's 403",
        "machine",
        "            back = polling.note_polled(turn, event)\n            if event.answer is Answer.TOKEN_DEAD:\n"
        "                return moves.doubt(turn, event)",
        "            back = polling.note_polled(turn, event)\n            if event.answer is Answer.TOKEN_DEAD:\n"
        f"                {_DEAD}",
        "login-while-polling",
    ),
    Mutant(
        "takes a missing permission for an expired token",
        "machine",
        "            if event.answer is Answer.NOT_PERMITTED:\n"
        "                return moves.bar(turn, event.detail)\n            return moves.refused",
        "            if event.answer is Answer.NOT_PERMITTED:\n"
        f"                {_DEAD}\n            return moves.refused",
        "personal-plan",
    ),
    Mutant(
        "has no slow lane",
        "moves",
        "slow = turn.ledger.refusals >= turn.limits.refusals",
        "slow = False",
        "forbidden-but-token-fine",
    ),
    Mutant(
        "returns to a busy server at once",
        "machine",
        "event.detail, turn.limits.busy_s)",
        "event.detail)",
        "fourth-connection",
    ),
    Mutant(
        "wants every login to bring a new token",
        "machine",
        "            if event.saved is Saved.TOKEN:\n                return moves.attempt(turn)",
        "            if event.saved is Saved.TOKEN and event.new:\n                return moves.attempt(turn)",
        "same-token-saved-again",
    ),
    Mutant(
        "tries once more after Ctrl-C",
        "machine",
        "    turn.do(Finish())\n    return Stopped",
        "    turn.ledger.outage and moves.attempt(turn)\n    turn.do(Finish())\n    return Stopped",
        "ctrl-c-in-an-outage",
    ),
    Mutant(
        "does not wait for a woken computer",
        "watching",
        "look_s=turn.now_s + turn.limits.wake_grace_s)",
        "look_s=turn.now_s)",
        "laptop-nap",
    ),
    Mutant(
        "believes the answer to an old question",
        "machine",
        "        case TokenChecked(ask=state.ask):",
        "        case TokenChecked():",
        "late-answer-to-an-old-question",
    ),
    Mutant(
        "recovers without a word",
        "moves",
        "turn.say(Note.LIVE_AGAIN",
        "False and turn.say(Note.LIVE_AGAIN",
        "expired-token",
    ),
    Mutant(
        "asks about a new token at once",
        "watching",
        "turn.put(login=False)\n            if event.saved is Saved.TOKEN and",
        "turn.put(login=False)\n            moves.check(turn)\n            if event.saved is Saved.TOKEN and",
        "flush-at-any-hour",
    ),
    Mutant(
        "closes a mute feed that nobody can confirm",
        "watching",
        "            if event.moved:",
        "            if True:",
        "nobody-can-log-in",
    ),
    Mutant(
        "takes a failing REST for a word on the dead token",
        "machine",
        "            if turn.ledger.verdict.usable:\n                return moves.open_feed(turn, event.answer)",
        "            if True:\n                return moves.open_feed(turn, event.answer)",
        "login-page-down-at-the-open",
    ),
    Mutant(
        "waits before the first retry",
        "moves",
        "        tell(turn, cause, detail, 0.0)\n    return attempt(turn)",
        "        tell(turn, cause, detail, 0.0)\n    return failed(turn, cause, detail)",
        "1006-every-two-minutes",
    ),
    Mutant(
        "takes a cached tick for news",
        "moves",
        "    if not (ticking or turn.ledger.trading):",
        "    if False:",
        "fridays-last-tick",
    ),
    Mutant(
        "never ends an outage",
        "watching",
        "now_s >= state.stable_s and turn.ledger.outage is not None",
        "False",
        "is-it-me-or-zerodha",
    ),
)


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads the source of one module with the mutant's change in it."""

    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> object:  # type: ignore[override]  # typeshed gives the base class a wider type
        source = self.get_data(self.path).decode()
        changed = source.replace(self._mutant.before, self._mutant.after, 1)
        return compile(changed, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != POLICY + self._mutant.module:
            return None
        found = importlib.machinery.PathFinder.find_spec(name, path)  # type: ignore[arg-type]  # a finder is given what the import system gives it
        assert found is not None
        assert found.origin is not None
        found.loader = _Changed(name, found.origin, self._mutant)
        return found


def _verdict(mutant: Mutant) -> dict[str, object]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "kitefeed_cli"]:
        del sys.modules[name]
    finder = _Finder(mutant)
    sys.meta_path.insert(0, finder)
    try:
        from kitefeed_cli.scenario import catalogue, runner
        from kitefeed_cli.scenario.format import read

        path = catalogue.find(mutant.scenario)
        scenario = read(path)
        outcome = runner.outcome(scenario, runner.play(scenario))
        found = importlib.machinery.PathFinder.find_spec("kitefeed_cli")
        assert found is not None
        assert found.submodule_search_locations is not None
        source = f"{found.submodule_search_locations[0]}/policy/{mutant.module}.py"
        with open(source, encoding="utf-8") as file:
            applies = file.read().count(mutant.before) == 1
    finally:
        sys.meta_path.remove(finder)
    broken = [one.promise for one in outcome.verdicts if not one.kept]
    return {"name": mutant.name, "applies": applies, "broken": broken}


if __name__ == "__main__":
    for each in MUTANTS:
        print(json.dumps(_verdict(each)), flush=True)
