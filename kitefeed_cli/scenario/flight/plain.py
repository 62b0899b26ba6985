"""The policy's frozen values ⇄ tables of plain words and numbers, strictly: what a file says is checked, not believed.

What is at its default is left out, so that a file stays short and outlives a new field that has one.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_LARGEST_S = 1e9  # thirty years: every sum of such times is still a date
_LARGEST_COUNT = 1_000_000_000
_LONGEST_TEXT = 200
_NOTHING: frozenset[str] = frozenset()


class OddError(Exception):
    """Something in a table cannot be. `word` is where; `known` are the words it could have been, if it is one."""

    def __init__(self, word: str, why: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.word = word
        self.why = why
        self.known = known


def to_plain(value: Any, leave_out: frozenset[str] = _NOTHING) -> dict[str, Any]:
    """The fields of a record, a dataclass or a named tuple, that are not at their default."""
    table = {}
    for name, default in _fields(type(value)).items():
        inner = getattr(value, name)
        if name not in leave_out and (default is dataclasses.MISSING or inner != default):
            table[name] = _plain(inner, leave_out)
    return table


def from_plain(cls: type[T], raw: object, leave_out: frozenset[str] = _NOTHING, place: str = "") -> T:
    """The record of that class. Raises OddError. `place` is the key under which the table stands."""
    if not isinstance(raw, Mapping):
        raise OddError(place, f"`{place}` must be a table")
    fields = {name: default for name, default in _fields(cls).items() if name not in leave_out}
    for word in raw:
        if word not in fields:
            raise OddError(word, f"`{word[:64]}` is no word of `{place}`", tuple(fields))
    values = {}
    for name, default in fields.items():
        if name in raw:
            endless = name.endswith("_age_s") or (isinstance(default, float) and math.isinf(default))
            values[name] = _value(_hints(typing.cast(Any, cls))[name], raw[name], name, endless, leave_out)
        elif default is dataclasses.MISSING:
            raise OddError(place, f"`{place}` must say `{name}`")
    return cls(**values)


def written(value: Any) -> str:
    """A plain value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {written(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return repr(value)  # of a float: the shortest text that is read as the very same number


def _plain(value: Any, leave_out: frozenset[str]) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(one.value for one in value)
    return to_plain(value, leave_out) if _is_record(type(value)) else value


def _is_record(cls: Any) -> bool:
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")


def _fields(cls: Any) -> dict[str, Any]:
    """Every field of a record and its default; MISSING where it has none."""
    if dataclasses.is_dataclass(cls):
        return {field.name: field.default for field in dataclasses.fields(cls)}
    return {name: cls._field_defaults.get(name, dataclasses.MISSING) for name in cls._fields}


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, raw: object, name: str, endless: bool, leave_out: frozenset[str]) -> Any:
    if isinstance(hint, types.UnionType):  # X | None: nothing is said by leaving it out
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    if typing.get_origin(hint) is frozenset:
        if not isinstance(raw, list):
            raise OddError(name, f"`{name}` must be a list of words")
        return frozenset(_word(typing.get_args(hint)[0], one, name) for one in raw)
    if _is_record(hint):
        return from_plain(hint, raw, leave_out, name)
    if issubclass(hint, Enum):
        return _word(hint, raw, name)
    return _simple(hint, raw, name, endless)


def _word(words: type[Enum], raw: object, name: str) -> Enum:
    known = tuple(_values(words))
    if not isinstance(raw, str) or raw not in known:
        raise OddError(name, f"`{str(raw)[:64]}` is no word of `{name}`", known)
    return words(raw)


def _values(words: type[Enum]) -> Iterator[str]:
    return (one.value for one in words)


def _simple(hint: type[Any], raw: object, name: str, endless: bool) -> Any:
    if hint is str:
        if not isinstance(raw, str) or not raw.isprintable() or len(raw) > _LONGEST_TEXT:
            raise OddError(name, f"`{name}` must be a text of one line, of at most {_LONGEST_TEXT} characters")
        return raw
    if hint is bool:
        if not isinstance(raw, bool):
            raise OddError(name, f"`{name}` must be true or false")
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise OddError(name, f"`{name}` must be a number")
    if hint is int:
        if not isinstance(raw, int) or not 0 <= raw <= _LARGEST_COUNT:
            raise OddError(name, f"`{name}` must be a whole number, 0 or more")
        return raw
    if not (-_LARGEST_S <= raw <= _LARGEST_S or (endless and abs(raw) == math.inf)):
        raise OddError(name, f"`{name}` is no time that can be")
    return float(raw)
