"""A member of a consumer group, put together: address, name, decoder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ...clock import Clock
from ...health import place
from ...kite.packets import decode
from ...problems import Exit, Problem
from ...redact import one_line
from ...settings import Settings
from ...sharing.group import CLAIM_S, Group
from ...sharing.keys import NAME
from ...sharing.member import Member, Told
from ...sharing.server import Address, library
from .name import ConsumerName, first_free


@dataclass(frozen=True, slots=True)
class Joining:
    """Which group of which feed, and how it is joined."""

    address: Address
    group: str
    consumer: str = ""  # empty: the first free name of this computer
    from_start: bool = False
    claim_s: float = CLAIM_S
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def __post_init__(self) -> None:
        """Raises Problem."""
        for what, name in (("group", self.group), ("consumer", self.consumer)):
            if name and not NAME.fullmatch(name):
                raise Problem(
                    f"{one_line(name)[:40]} cannot be the name of a {what}",
                    "it has 1 to 64 letters, digits, dots, lines or underscores",
                    f"choose another one for --{what}",
                    Exit.USAGE,
                )


def address_of(settings: Settings) -> Address:
    """Where a shared feed is read from. Raises Problem."""
    if not settings.from_url:
        raise Problem(
            "no Redis is named to read from",
            "neither --from nor KITEFEED_FROM is given",
            "give it like --from redis://127.0.0.1:6379",
        )
    flagged = settings.sources["from_url"] == "flag"
    return Address.parse(settings.from_url, "--from" if flagged else "KITEFEED_FROM", secret=not flagged)


@contextmanager
def member_of(joining: Joining, told: Told, clock: Clock) -> Iterator[tuple[Member, Group, str]]:
    """The member, its part in the group, and its name. Raises Problem."""
    library()
    name = _name(joining)
    group = Group(
        joining.address.keys,
        joining.group,
        name.text,
        decode,
        clock,
        from_start=joining.from_start,
        claim_s=joining.claim_s,
    )
    member = Member(joining.address, group, told, clock)
    try:
        yield member, group, name.text
    finally:
        member.close()
        name.free()


def _name(joining: Joining) -> ConsumerName:
    if joining.consumer:
        return ConsumerName(joining.consumer)
    return first_free(joining.address, joining.group, place.places(joining.environ) if place.AVAILABLE else ())
