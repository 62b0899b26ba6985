"""Run as a process of its own: Chromium on the live page, at four widths, light and dark.

Reads what to do as lines of JSON, the first one with `page`, `chromium` and `folder`, and answers each with a line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

SIZES = [(1280, "light"), (1280, "dark"), (700, "light"), (400, "light"), (400, "dark"), (360, "light")]
_PATIENCE_MS = 15_000


def main() -> None:
    said = json.loads(sys.stdin.readline())
    complaints: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=said["chromium"], args=["--no-sandbox"])
        pages: dict[tuple[int, str], Page] = {}
        for width, scheme in SIZES:
            context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)  # type: ignore[arg-type]
            page = pages[width, scheme] = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(said["page"])
        answer(ready=True)
        for line in sys.stdin:
            answer(**done(pages, json.loads(line), Path(said["folder"])), complaints=complaints)
        browser.close()


def done(pages: dict[tuple[int, str], Page], wish: dict[str, Any], folder: Path) -> dict[str, Any]:
    front = pages[SIZES[0]]
    match wish:
        case {"shoot": name}:
            for (width, scheme), page in pages.items():
                page.screenshot(path=str(folder / f"{name}-{width}-{scheme}.png"))
            return {"overflow": [width for (width, _), page in pages.items() if overflows(page)]}
        case {"wait": word}:
            front.locator("#word", has_text=word).wait_for(timeout=_PATIENCE_MS)
            return {"about": front.locator("#about").inner_text(), "problem": problem(front)}
        case {"row": name}:
            row = front.locator("#rows tr", has_text=name)
            if "source" in wish:
                row.locator("td.source", has_text=wish["source"]).wait_for(timeout=_PATIENCE_MS)
            return {"cells": row.locator("td").all_inner_texts()}
        case {"login": True}:
            with front.context.expect_page() as opened:
                front.click("#login button")
            tab = opened.value
            tab.locator("button").click(timeout=_PATIENCE_MS)
            front.locator("#word", has_text="LIVE").wait_for(timeout=_PATIENCE_MS)
            tab.wait_for_url("**/ui", timeout=_PATIENCE_MS)
            return {"back_at": tab.url}
    raise AssertionError(wish)


def problem(page: Page) -> str:
    card = page.locator("#problem")
    return card.inner_text() if card.is_visible() else ""


def overflows(page: Page) -> bool:
    """Whether the page is wider than the screen, or the prices than their place."""
    boxes = "[document.documentElement, document.querySelector('.prices')]"
    return bool(page.evaluate(f"{boxes}.some(one => one.scrollWidth > one.clientWidth)"))


def answer(**words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main()
