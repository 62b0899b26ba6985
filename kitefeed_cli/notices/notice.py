"""One message: for a phone as a title and a few lines, for a program as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """`what`, `why` and `next` are those of the error; a recovery has only `what`. `cause` is a word of
    docs/messages.md. `login` is the link to open when a login ends it; it holds no secret."""

    kind: Literal["problem", "recovery"]
    what: str
    at: datetime  # aware, IST
    cause: str | None = None
    why: str | None = None
    next: str | None = None
    login: str | None = None

    @property
    def title(self) -> str:
        """`kitefeed: ...`."""
        return f"kitefeed: {self.what}"

    @property
    def body(self) -> str:
        """What the title does not say."""
        lines = [self.why, self.next, self.login, f"{self.at:%a %d %b, %H:%M:%S} IST"]
        return "\n".join(line for line in lines if line)

    def as_json(self) -> str:
        """One object; what there is not is null."""
        record = {**asdict(self), "at": self.at.isoformat(timespec="seconds"), "schema": 1}
        return json.dumps(record, ensure_ascii=False)
