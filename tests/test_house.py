"""The rules of the house that no other tool knows: sizes, names, what policy may import, what starts early."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli import settings
from kitefeed_cli.problems import Exit

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kitefeed_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

_POLICY_MAY_IMPORT = {"__future__", "dataclasses", "enum", "typing", "math"}
_BANNED_WORDS = {"manager", "handler", "helper", "util", "utils", "service", "data", "info", "process"}
_SLOW_TO_IMPORT = ("kiteconnect", "twisted", "aiohttp", "numpy", "vcr", "requests", "websocket", "pydantic", "redis")


def _tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"))


def _functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _where(module: Path) -> str:
    return str(module.relative_to(ROOT))


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {_where(module): len(module.read_text("utf-8").splitlines()) for module in MODULES}

    assert {} == {name: length for name, length in lengths.items() if length > 300}


def test_no_command_file_is_longer_than_80_lines() -> None:
    lengths = {_where(module): len(module.read_text("utf-8").splitlines()) for module in PACKAGE.glob("commands/*.py")}

    assert {} == {name: length for name, length in lengths.items() if length > 80}


def test_no_function_is_longer_than_40_lines() -> None:
    """Of the body: a command's options and a docstring are read like data."""
    long = {}
    for module in MODULES:
        for function in _functions(module):
            has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
            first = function.body[1 if has_docstring else 0]
            assert function.end_lineno is not None
            length = function.end_lineno - first.lineno + 1
            if length > 40 and not _is_one_match(function):
                long[f"{_where(module)}:{function.name}"] = length

    assert {} == long


def _is_one_match(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A transition function, one `match` over every event, is a table: splitting it would hide a case."""
    return isinstance(function.body[-1], ast.Match)


def test_every_module_with_code_delays_the_evaluation_of_annotations() -> None:
    without = [
        _where(module)
        for module in MODULES
        if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in _tree(module).body)
        and "from __future__ import annotations" not in module.read_text("utf-8")
    ]

    assert [] == without


def test_no_module_or_class_is_named_with_a_word_that_says_nothing() -> None:
    found = []
    for module in MODULES:
        names = {module.stem, *(n.name for n in ast.walk(_tree(module)) if isinstance(n, ast.ClassDef))}
        names -= {"market_data"}  # Kite's own word for what a plan may lack
        found += [f"{_where(module)}: {name}" for name in names if _words(name) & _BANNED_WORDS]

    assert [] == found


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_"))


def test_policy_imports_five_modules_of_the_standard_library_and_itself() -> None:
    found = set()
    for module in PACKAGE.glob("policy/*.py"):
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level != 1:
                found.add("." * node.level + (node.module or ""))

    assert set() == found - _POLICY_MAY_IMPORT


# One forbidden import for each contract: the place to put it, and the line. Each must break its contract.
_BREAKS = {
    "policy-is-alone": ("policy/limits.py", "from .. import clock"),
    "policy-is-pure": ("policy/events.py", "import random"),
    "driver-knows-hands": ("driver/hands.py", "import kitefeed_cli.session"),
    "kite-translates": ("kite/errors.py", "from ..policy.machine import step"),
    "ticks-take-their-own-road": ("ticks/last.py", "from ..policy import events"),
    "console-speaks": ("console/words.py", "from ..driver import hands"),
    "scenario-needs-no-kite": ("scenario/__init__.py", "from ..emulator import server"),
    "emulator-is-the-judge": ("emulator/packets.py", "from ..kite import packets"),
    "sources-are-guests": ("sources/chain.py", "from ..kite import rest"),
    "health-looks-on": ("health/vitals.py", "from ..ticks import gaps"),
    "gateway-knows-an-upstream": ("gateway/guard.py", "from ..session import store"),
    "sharing-carries-packets": ("sharing/order.py", "from ..kite import packets"),
    "one-door-to-redis": ("gateway/guard.py", "import redis"),
    "notices-only-carry": ("notices/notice.py", "from ..policy import causes"),
    "one-door-to-the-clients": ("session/store.py", "import requests"),
    "rooms-do-not-know-the-door": ("outputs/__init__.py", "from .. import app"),
    "wiring-has-an-order": ("wiring/loop/market.py", "from ..run import until"),
    "api-is-a-door": ("api/talk.py", "from ..kite import feed"),
}


def test_every_import_contract_can_break(tmp_path: Path) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    shutil.copytree(PACKAGE, tmp_path / "kitefeed_cli", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for place, line in _BREAKS.values():
        module = tmp_path / "kitefeed_cli" / place
        module.write_text(module.read_text("utf-8") + f"\n{line}\n", "utf-8")

    verdicts = _lint_imports(tmp_path)

    assert set(_BREAKS) == {contract["id"] for contract in contracts}
    assert {} == {contract["name"]: False for contract in contracts if verdicts[contract["name"]] != "BROKEN"}


def _lint_imports(folder: Path) -> dict[str, str]:
    command = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command as go; go()"]
    reply = subprocess.run([*command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)\b", reply.stdout, re.MULTILINE)
    assert verdicts, reply.stdout + reply.stderr
    return {str(name): str(verdict) for name, verdict in verdicts}


def test_the_command_starts_without_the_slow_libraries() -> None:
    code = f"import sys, kitefeed_cli.app; print([m for m in {_SLOW_TO_IMPORT!r} if m in sys.modules])"
    reply = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == reply.stdout.strip()


def test_the_readme_lists_every_exit_code_and_no_other() -> None:
    table = (ROOT / "README.md").read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    codes = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)

    assert sorted(exit_code.value for exit_code in Exit) == sorted(map(int, codes))


def test_the_readme_lists_every_setting_and_no_other() -> None:
    table = (ROOT / "README.md").read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]

    assert sorted(settings._KNOWN) == sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


@pytest.mark.parametrize("name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "README.md"])
def test_the_house_has_its_papers(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200
