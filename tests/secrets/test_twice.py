"""No output depends on a secret: the same world, two different secrets of one shape, the same bytes everywhere."""

from __future__ import annotations

import re
import subprocess
from dataclasses import astuple
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from .twice import PAIRS, Play, Scene, Seen, both, stop, whole

_PASTED = (
    "GET wss://ws.kite.trade/?api_key=k&access_token={access_token} HTTP/1.1\n"
    "Authorization: token k:{access_token}\nchecksum of {api_secret}\n"
)


def run(scene: Scene) -> tuple[subprocess.Popen[str], str, str]:
    """A morning: live, the token dies, one error, a login by another tool, live again, Ctrl-C. All of it is kept, told
    to a program, and asked for from outside."""
    (scene.folder / "work" / "incidents").mkdir()
    kept = ("--incidents", "incidents", "--record-rest")
    tells = ("--notify-exec", f"sh -c 'cat >> {scene.folder}/told.txt; env | sort >> {scene.folder}/child.txt'")
    serves = ("--serve", urlsplit(scene.redirect).netloc)
    running = scene.start("run", "--json", *kept, *tells, *serves, "NSE:INFY")
    err = scene.said(running, "Market feed is now LIVE")
    scene.kite.set_token("expired")
    scene.kite.set_faults({"feed": "dropped"})
    err += scene.said(running, " next: run `kitefeed login`")
    err += scene.said(running, '"kind": "problem"')
    scene.kite.set_faults({})
    scene.kite.login()
    scene.save(scene.kite.access_token)
    err += scene.said(running, "plays it again")
    asked = [scene.start("status", *how).communicate(timeout=30) for how in ((), ("--json",))]
    pages = [requests.get(f"{scene.redirect}{path}", timeout=5).text for path in ("metrics", "readyz", "livez")]
    out, rest = stop(running)
    return running, _collapsed(out) + _numberless(f"{asked}{pages}"), err + rest


def _numberless(text: str) -> str:
    return re.sub(r"-?\d+(\.\d+)?(e-\d+)?", "N", text)


def _collapsed(out: str) -> str:
    """What is said in its order, then the kinds of ticks without their numbers: how many come and when is chance."""
    ticks = {line for line in out.splitlines() if '"kind":"tick"' in line}
    said = [line for line in out.splitlines() if line not in ticks]
    kinds = {re.sub(r"-?\d+(\.\d+)?|true|false", "N", line) for line in ticks}
    return "\n".join([*said, *sorted(kinds)])


def login_by_browser(scene: Scene) -> tuple[subprocess.Popen[str], str, str]:
    running = scene.start("login", "--force", "--no-qr", "--redirect-url", scene.redirect)
    assert running.stdin is not None
    err = scene.said(running, "/connect/login?")
    link = re.findall(r"http://\S+/connect/login\?\S+", err)[0]
    landed = requests.post(link, allow_redirects=False, timeout=5).headers["Location"]
    requests.get(f"{scene.redirect}?{urlsplit(landed).query}", timeout=5)
    out, rest = running.communicate(timeout=30)
    scene.await_browser()
    return running, out, err + rest


def login_by_paste(scene: Scene) -> tuple[subprocess.Popen[str], str, str]:
    page = f"{scene.kite.login_root}?v=3&api_key={scene.kite.api_key}"
    landed = requests.post(page, allow_redirects=False, timeout=5).headers["Location"]
    running = scene.start("login", "--force", "--no-qr", "-")
    out, err = running.communicate(landed, timeout=30)
    return running, out, err


# What is run, in which world, and how it ends.
PLAYS: dict[str, tuple[Play, dict[str, str], int]] = {
    "validate": (whole("validate"), {}, 0),
    "validate --json, expired": (whole("validate", "--json"), {"token": "expired"}, 3),
    "validate --nagios, personal plan": (whole("validate", "--nagios"), {"plan": "personal"}, 2),
    "validate -vv, refused": (whole("-vv", "validate"), {"feed": "refused"}, 5),
    "run": (run, {}, 0),
    "poll": (whole("poll", "--once", "NSE:NIFTY 50"), {"market": "closed"}, 0),
    "poll --json, expired": (whole("poll", "--once", "--json", "NSE:INFY"), {"token": "expired"}, 3),
    "poll, token on stdin": (
        whole("poll", "--once", "--token-file", "-", "NSE:NIFTY 50", text="{access_token}\n"),
        {"market": "closed"},
        0,
    ),
    "status": (whole("status"), {}, 1),
    "login by browser": (login_by_browser, {}, 0),
    "login by paste": (login_by_paste, {}, 0),
    "login, cancelled": (whole("login", "--force", "-", text="{access_token} {api_secret}"), {}, 2),
    "login --status": (whole("login", "--status"), {}, 0),
    "login --status, expired": (whole("login", "--status", "--json"), {"token": "expired"}, 3),
    "logout": (whole("logout"), {}, 0),
    "find": (whole("find", "INFY"), {}, 0),
    "simulate": (whole("simulate", "expired-token"), {}, 0),
    "explain": (whole("explain", "-", text=_PASTED), {}, 0),
    "explain, unknown": (whole("explain", "-", text="what is {access_token} or {api_secret}?"), {}, 1),
}


@pytest.mark.parametrize("play", PLAYS)
def test_two_secrets_of_one_shape_give_the_same_bytes(play: str, tmp_path: Path) -> None:
    played, world, exit_code = PLAYS[play]

    first, second = both(tmp_path / "place", played, world)

    assert exit_code == first.exit_code, first.err
    assert first.out + first.err
    for field in Seen.__dataclass_fields__:
        assert getattr(first, field) == getattr(second, field), field


def test_the_two_secrets_have_one_shape() -> None:
    for one, other in zip(astuple(PAIRS[0]), astuple(PAIRS[1]), strict=True):
        assert one != other
        assert len(one) == len(other)
        assert [char.isdigit() for char in one] == [char.isdigit() for char in other]


def test_the_comparison_sees_a_secret(tmp_path: Path) -> None:
    """Teeth: a run that shows one character of its secret, the length of a hash of it, anything."""

    def telling(scene: Scene) -> tuple[subprocess.Popen[str], str, str]:
        running, out, err = whole("login", "--status")(scene)
        return running, out, err + scene.pair.access_token[7]

    first, second = both(tmp_path / "place", telling)

    assert first != second
    assert first.out == second.out
