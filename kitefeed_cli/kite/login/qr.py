"""The login link as a QR code of characters, for a phone that looks at the terminal."""

from __future__ import annotations

_BORDERS = (4, 2, 1)  # modules of quiet zone: the standard wants four, phones are content with less


def qr_code(text: str, columns: int, lines: int, *, blocks: bool) -> list[str] | None:
    """The rows, light modules drawn and dark ones left blank, as a dark terminal shows them; None when it does not fit.

    `blocks`: with half-blocks, two modules a character; else in ASCII, two characters a module.
    """
    import segno

    code = segno.make(text, error="l", micro=False)
    for border in _BORDERS:
        size = code.symbol_size(border=border)[0]
        width, height = (size, (size + 1) // 2) if blocks else (2 * size, size)
        if width <= columns and height <= lines:
            rows = [[not dark for dark in row] for row in code.matrix_iter(border=border)]
            return _half_blocks(rows) if blocks else ["".join("##" if light else "  " for light in row) for row in rows]
    return None


def _half_blocks(rows: list[list[bool]]) -> list[str]:
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    chars = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    return ["".join(chars[pair] for pair in zip(*two, strict=True)) for two in zip(rows[::2], rows[1::2], strict=True)]
