"""Faults of the account: the plan it pays for, and what a login hands out."""

from __future__ import annotations

from kitefeed_cli.emulator.faults.fault import Fault

PLAN = (
    Fault("connect", "the paid plan: quotes and the feed"),
    Fault("personal", "the free plan: quotes get 403 PermissionException, handshakes 403, the profile is fine"),
    Fault("bought-today", "the paid plan, bought since the login: as the free one until the next login"),
    Fault("user-not-enabled", "the app is not for this user: REST and the login page say so, handshakes get 403"),
)

LOGIN = (
    Fault("fresh-token", "each login mints a new access token and the old one dies"),
    Fault("same-token", "a login hands out the same access token again, alive"),
)
