from __future__ import annotations

import pytest

from kitefeed_cli.roots import checked_root, is_loopback


@pytest.mark.parametrize(
    "root", ["https://api.kite.trade", "http://127.0.0.1:5000", "http://localhost:1", "http://[::1]:1", "https://s/oms"]
)
def test_good_addresses_lose_their_last_slash_and_nothing_else(root: str) -> None:
    assert root == checked_root("X", root, "https", "http")
    assert root == checked_root("X", f"{root}/", "https", "http")


@pytest.mark.parametrize(
    ("host", "here"), [("127.8.9.1", True), ("::1", True), ("LOCALHOST", True), ("0.0.0.0", False)]
)
def test_only_this_computer_is_loopback(host: str, here: bool) -> None:
    assert here is is_loopback(host)
