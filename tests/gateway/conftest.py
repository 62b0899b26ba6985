from __future__ import annotations

from collections.abc import Iterator

import pytest

from .desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as running:
        yield running
