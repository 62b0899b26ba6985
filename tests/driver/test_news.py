from __future__ import annotations

from kitefeed_cli.driver.news import TokenNews
from kitefeed_cli.policy.events import Event, Saved, TokenStored


def test_a_new_token_is_told_once_whoever_sees_it_first() -> None:
    told: list[Event] = []
    news = TokenNews(told.append, "monday")
    news.read(Saved.TOKEN, "tuesday")
    news.found(Saved.TOKEN, "tuesday")

    assert [TokenStored(Saved.TOKEN, new=True, asked=True), TokenStored(Saved.TOKEN, new=False)] == told


def test_the_watch_tells_of_every_write_and_an_attempt_of_new_tokens_only() -> None:
    told: list[Event] = []
    news = TokenNews(told.append, "monday")
    news.read(Saved.TOKEN, "monday")
    assert [] == told

    news.found(Saved.TOKEN, "monday")
    news.found(Saved.TOKEN, "tuesday")
    news.read(Saved.TOKEN, "tuesday")
    assert [TokenStored(Saved.TOKEN, new=False), TokenStored(Saved.TOKEN, new=True)] == told


def test_an_attempt_that_finds_the_store_empty_leaves_that_to_the_watch() -> None:
    told: list[Event] = []
    news = TokenNews(told.append, "monday")
    news.read(Saved.NOTHING, "")
    assert [] == told

    news.found(Saved.NOTHING, "")
    assert [Saved.NOTHING] == [event.saved for event in told if isinstance(event, TokenStored)]
