from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ...sharing.redis_server import RedisServer, redis_server
from .readers import Running

Start = Callable[..., Running]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as running:
        yield running


@pytest.fixture
def start(server: RedisServer, tmp_path: Path) -> Iterator[Start]:
    """Start a reader; whatever still runs at the end is killed."""
    running: list[Running] = []

    def begin(*words: str, **environ: str) -> Running:
        out = tmp_path / f"reader-{len(running)}.jsonl"
        running.append(Running(server.url, out, *words, **{"XDG_RUNTIME_DIR": str(tmp_path), **environ}))
        return running[-1]

    yield begin
    for one in running:
        one.kill()
