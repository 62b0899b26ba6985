"""Sources of other packages: found by their entry point, and refused when they do not fit."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.redact import REDACTOR
from kitefeed_cli.sources import Setup, SourceError, Wanted
from kitefeed_cli.sources.asking import Asker
from kitefeed_cli.sources.plugins import GROUP, installed, open_source
from kitefeed_cli.sources.sifting import sift
from tests.conftest import Canary

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
INFY = Wanted("NSE:INFY", 408065, "NSE", "INFY")


def install(folder: Path, name: str, value: str, code: str) -> None:
    """What `pip install` of such a package leaves behind."""
    module = value.partition(":")[0]
    (folder / f"{module}.py").write_text(code, "utf-8")
    info = folder / f"kitefeed_{module}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kitefeed-{module}\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, as of installed packages."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture
def prices() -> Iterator[str]:
    """The desk of the page's example: prices as JSON."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"NSE:INFY": 1523.4}).encode())

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/prices"
    server.shutdown()
    server.server_close()


def of_the_page(name: str) -> str:
    """The block of the page that follows `<!-- name -->`."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def setup(**values: str) -> Setup:
    return Setup(SystemClock(), values=values)


def test_the_source_of_the_page_is_found_asked_and_believed(folder: Path, prices: str) -> None:
    import tomllib

    ((name, value),) = tomllib.loads(of_the_page("pyproject.toml"))["project"]["entry-points"][GROUP].items()
    install(folder, name, value, of_the_page("desk.py"))
    source = open_source("desk", setup(DESK_URL=prices))
    outcome = Asker(source, SystemClock()).fetch([INFY, Wanted("NSE:SBIN", 779521, "NSE", "SBIN")])
    sifted = sift(outcome.answer, {"NSE:INFY": INFY}, lambda token: None, SystemClock().wall())

    assert "" == outcome.failure
    assert [("NSE:INFY", 1523.4)] == [(value.instrument, value.last_price) for value in sifted.values]
    assert sifted.delay_s is None


def test_the_source_of_the_page_has_ten_lines_of_its_own() -> None:
    lines = [line for line in of_the_page("desk.py").splitlines() if line.strip() and "import" not in line]

    assert len(lines) <= 10


def test_upstox_is_installed_with_us() -> None:
    assert "upstox" in installed()


def refusal(name: str, **values: str) -> Problem:
    with pytest.raises(Problem) as caught:
        open_source(name, setup(**values))
    return caught.value


def test_a_misspelt_name_is_told_with_the_nearest() -> None:
    problem = refusal("upstx")

    assert (Exit.USAGE, "did you mean upstox?") == (problem.exit_code, problem.next_step)


@pytest.mark.parametrize("name", ["kite-rest", "last-known"])
def test_the_links_that_are_always_there_cannot_be_named_nor_replaced(folder: Path, name: str) -> None:
    install(folder, name, "thief:Thief", "class Thief: pass\n")

    assert name not in installed()
    assert "cannot be the secondary source" in refusal(name).what


_GOOD = 'class S:\n    name = "odd"\n    needs_kite_token = False\n    def __init__(self, setup): ...\n'
_FETCH = "    def fetch(self, instruments): return []\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise RuntimeError('12345678')\n", "it fails with RuntimeError"),
        ("S = None\n", "it fails with TypeError"),
        ("", "it fails with AttributeError"),
        (_GOOD, "it fails with AttributeError"),
        (_GOOD.replace('"odd"', '"other"') + _FETCH, "it lacks what a source must have: name, needs_kite_token, fetch"),
        (_GOOD.replace("False", "0") + _FETCH, "it lacks what a source must have: name, needs_kite_token, fetch"),
        (_GOOD.replace("False", "True") + _FETCH, "it needs Kite's access token, so it is dead whenever it is wanted"),
    ],
)
def test_a_package_that_does_not_fit_is_a_problem_in_three_lines(folder: Path, code: str, why: str) -> None:
    install(folder, "odd", "oddity:S", code)

    assert why == refusal("odd").why


def test_a_secret_of_a_source_is_redacted_everywhere(canary: Canary) -> None:
    secret = canary.api_secret[::-1]
    one = setup(DESK_SECRET=secret)

    assert secret == one.secret("DESK_SECRET")
    assert "<redacted>" == REDACTOR.redact(secret)
    assert secret not in repr(one)
    with pytest.raises(SourceError, match="DESK_OTHER is not set"):
        one.secret("DESK_OTHER")
