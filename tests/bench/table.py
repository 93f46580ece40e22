"""One row a measurement, one table a run: what was measured, ours, the peer's, the ratio and whether it holds."""

from dataclasses import dataclass
from unicodedata import east_asian_width


@dataclass(frozen=True)
class Row:
    """A figure of a benchmark; ``held`` is None where nothing is asked for. ``note`` says what to know with it."""

    what: str
    ours: str
    peer: str = "–"
    ratio: float | None = None
    asked: str = "–"
    held: bool | None = None
    note: str = ""


HEAD = ("what", "ours", "peer", "ratio", "asked", "")


def printed(rows: list[Row]) -> str:
    """The rows as a text table, notes under it."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)) for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*(line.rstrip() for line in lines), *notes])


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
    held = {None: "", True: "holds", False: "MISSED"}[row.held]
    return (row.what, row.ours, row.peer, ratio, row.asked, held)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
