"""Where the shipped scenarios and recordings lie: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..problems import Problem
from ..redact import one_line
from . import transcript
from .words import nearest

_BESIDE = (transcript.SUFFIX, ".yaml")  # what lies beside a recorded scenario
_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """The folder of the shipped `scenarios` or `cassettes`."""
    shipped = _PACKAGE / "shipped" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name


def shipped() -> list[Path]:
    """The shipped scenario files, by name."""
    return sorted(folder("scenarios").glob("*.toml"))


def find(word: str) -> Path:
    """The scenario of that name or path. Raises Problem with the nearest name."""
    if word.endswith(".toml") or "/" in word or "\\" in word:
        return Path(word)
    known = {path.stem: path for path in shipped()}
    if word in known:
        return known[word]
    close = nearest(word, known)
    raise Problem(
        f"there is no scenario `{word[:64]}`",
        f"{len(known)} scenarios are shipped, and none has that name",
        f"did you mean `{close}`?" if close else "`kitefeed simulate --list` names them all",
        cause="scenario",
    )


def find_all(words: Sequence[str]) -> list[Path]:
    """The scenarios of those names and paths, and those in the folders among them. Raises Problem.

    What lies beside a scenario is passed over when the two are named together, as `DIR/*` does.
    """
    named = set(map(Path, words))
    found: list[Path] = []
    for word in words:
        if word and os.path.isdir(word) and word not in {path.stem for path in shipped()}:
            found += _within(Path(word))
        elif not (word.endswith(_BESIDE) and Path(word).with_suffix(".toml") in named):
            found.append(find(word))
    return found


def _within(place: Path) -> list[Path]:
    found = sorted(place.glob("*.toml"))
    if not found:
        raise Problem(
            f"there is no scenario in {one_line(str(place))}",
            "no file in that folder ends with .toml",
            "name a scenario, a file or another folder",
            cause="scenario",
        )
    return found


def typed(path: Path) -> str:
    """What to type for that scenario: its name if it is shipped, else its path."""
    return path.stem if path.parent == folder("scenarios") else shlex.quote(str(path))


def cassette(name: str) -> Path:
    """The shipped recording of that name, like kite/morning.yaml; whether it exists is for the player to say."""
    return folder("cassettes") / name
