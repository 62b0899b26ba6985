"""The scripted token store, and the look that is taken at it every second."""

from __future__ import annotations

from math import floor

from ..driver.news import TokenNews
from ..policy.events import Saved
from .kite import Token
from .stage import VirtualStage

_LOOK_EVERY_S = 1.0

Content = Token | Saved  # an access token, or the word for what is there instead


class ScriptedStore:
    """What is saved, and who noticed."""

    def __init__(self, stage: VirtualStage, content: Content) -> None:
        self._stage = stage
        self._news: TokenNews[Content] = TokenNews(stage.post, content)
        self.content = content

    @property
    def saved(self) -> Saved:
        return _saved(self.content)

    def save(self, content: Content) -> None:
        """Write the store; noticed at the next look, or the one after it when there is no good token in it."""
        self.content = content
        looks = 1 if _saved(content) is Saved.TOKEN else 2
        at_s = (floor(self._stage.now_s / _LOOK_EVERY_S) + looks) * _LOOK_EVERY_S
        self._stage.inbox.at(at_s, lambda: self._notice(content))

    def _notice(self, content: Content) -> None:
        if content != self.content:
            return  # written again since
        self._news.found(_saved(content), content)

    def ask(self) -> Token | None:
        """The access token for an attempt; None when what is saved is none."""
        self._news.read(self.saved, self.content)
        return None if isinstance(self.content, Saved) else self.content


def _saved(content: Content) -> Saved:
    return content if isinstance(content, Saved) else Saved.TOKEN
