"""The scripted token store, and the look that is taken at it every second."""

from __future__ import annotations

from math import floor

from ..policy.events import Saved, TokenStored
from .kite import Token
from .stage import VirtualStage

_LOOK_EVERY_S = 1.0

Content = Token | Saved  # an access token, or the word for what is there instead


class ScriptedStore:
    """What is saved, and what of it was noticed."""

    def __init__(self, stage: VirtualStage, content: Content) -> None:
        self._stage = stage
        self._seen = content
        self.content = content

    @property
    def saved(self) -> Saved:
        return _saved(self.content)

    @property
    def token(self) -> Token | None:
        """The access token; None when what is saved is none."""
        return None if isinstance(self.content, Saved) else self.content

    def save(self, content: Content) -> None:
        """Write the store; noticed at the next look, or the one after it when there is no good token in it."""
        self.content = content
        looks = 1 if _saved(content) is Saved.TOKEN else 2
        at_s = (floor(self._stage.now_s / _LOOK_EVERY_S) + looks) * _LOOK_EVERY_S
        self._stage.inbox.at(at_s, lambda: self._notice(content))

    def _notice(self, content: Content) -> None:
        if content != self.content:
            return  # written again since
        new = content != self._seen
        self._seen = content
        self._stage.post(TokenStored(_saved(content), new))


def _saved(content: Content) -> Saved:
    return content if isinstance(content, Saved) else Saved.TOKEN
