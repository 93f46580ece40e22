"""Tables to take along: CSV and XLSX in which no cell is a formula, whoever typed it."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

Cell = str | int | float | None
BOM = "\ufeff"
"""Tells a spreadsheet that the text is UTF-8."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would take for a formula (OWASP, CSV injection)."""
CHUNK = 1 << 16
FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32)], "")
"""Control characters that XML 1.0 has no place for."""


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A table as CSV with a byte order mark, a line at a time."""
    yield BOM + _line(head)
    for row in rows:
        yield _line(row)


def _line(cells: Sequence[Cell]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(_safe(cell) for cell in cells)
    return out.getvalue()


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def xlsx(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]]) -> IO[bytes]:
    """A workbook, each sheet with its name, head and rows, in a temporary file at its beginning.

    Rows are written as they come; a text is kept as text, whatever it begins with.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]  # it brings no types
    from openpyxl.styles import Font  # type: ignore[import-untyped]  # as above

    book: Any = Workbook(write_only=True)
    bold = Font(bold=True)
    for name, head, rows in sheets:
        sheet: Any = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, title, bold) for title in head])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by whoever sends it
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: Any, value: Cell, font: Any = None) -> Any:
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]  # as above

    cell: Any = WriteOnlyCell(sheet, value.translate(FORBIDDEN) if isinstance(value, str) else value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA)
    if font is not None:
        cell.font = font
    return cell


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A file in pieces, closed at the end."""
    with file:
        while piece := file.read(CHUNK):
            yield piece
