"""Where the shipped scenarios and recordings lie: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from ..problems import Problem
from .words import nearest

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


def cassette(name: str) -> Path:
    """The shipped recording of that name, like kite/morning.yaml; whether it exists is for the player to say."""
    return folder("cassettes") / name
