"""Tensors on paper: small ones as tables of numbers, large ones as heatmaps with their scale."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice
from PySide6.QtGui import QImage, QImageWriter

from engine.moments import Values
from gui.backprop.tiles import GAP, flat
from gui.backprop.words import range_words, shape_words
from gui.colormaps import colorize, diverging
from gui.colors import PAPER, mix
from gui.format import format_exact, format_integer, format_number
from gui.plots.pixels import qimage

EXACT: Final = 32
"""Tensors of so few numbers are printed to the last digit."""
MOST_ROWS: Final = 40
MOST_COLUMNS: Final = 12
PER_LINE: Final = 10
LONGEST: Final = 120
"""Numbers in one row are written over several lines, up to so many."""
DIGITS: Final = 6
_WIDE: Final = 420
_TALL: Final = 260
_TINT: Final = 0.4


def _tr(text: str) -> str:
    return QCoreApplication.translate("Report", text)


@final
class Figures:
    """Makes the tables and pictures of one page; a picture that was there already is pointed to. Any thread may."""

    def __init__(self) -> None:
        self._seen: dict[bytes, str] = {}
        self._count = 0

    def figure(self, title: str, values: Values, array: NDArray[Any]) -> str:
        """A tensor under its title."""
        head = f'<figcaption>{escape(title)} <span class="shape">{escape(shape_words(values))}</span></figcaption>'
        if array.size == 1:
            return f'<p class="number">{escape(title)} <output>{_exact(array.reshape(-1)[0])}</output></p>'
        look = flat(array)
        if array.ndim == 1 and array.size <= LONGEST:
            return f"<figure>{head}{_list(array)}</figure>"
        rows, columns = look.values.shape
        if array.ndim <= 2 and 0 < rows <= MOST_ROWS and columns <= MOST_COLUMNS:
            return f"<figure>{head}{_table(look.values, array)}</figure>"
        return f"<figure>{head}{self._picture(title, values, look.values, look.index, look.left_out)}</figure>"

    def _picture(
        self, title: str, values: Values, numbers: NDArray[np.float64], index: NDArray[np.int64], left_out: int
    ) -> str:
        words = escape(range_words(values))
        if left_out:
            shown = values.size - left_out
            words += " · " + escape(
                _tr("{0} of {1} numbers are shown").format(format_integer(shown), format_integer(values.size))
            )
        limit = _limit(numbers)
        if not limit:
            return f'<p class="range">{words}</p>'
        digest = hashlib.blake2b(numbers.tobytes(), digest_size=16, key=str(numbers.shape).encode()).digest()
        if digest in self._seen:
            same = escape(_tr("The same numbers as in this picture above"))
            return f'<p class="range"><a href="#{self._seen[digest]}">{same}</a> · {words}</p>'
        self._count += 1
        name = self._seen[digest] = f"picture-{self._count}"
        pixels = colorize(numbers, diverging(PAPER), -limit, limit)
        pixels[index == GAP] = 255
        rows, columns = numbers.shape
        scale = min(_WIDE / columns, _TALL / rows, 14.0)
        wide, high = max(6, round(columns * scale)), max(6, round(rows * scale))
        size = f'style="width:{wide}px;height:{high}px"'
        image = f'<img id="{name}" {size} alt="{escape(title, quote=True)}" src="{_data(qimage(pixels))}"/>'
        ends = f"<span>{format_number(-limit, 3)}</span><span>0</span><span>{format_number(limit, 3)}</span>"
        return f'{image}<div class="scale"><i></i>{ends}</div><p class="range">{words}</p>'


def scale_colors() -> str:
    """The colours of the scale below the heatmaps, from the least to the greatest, as a gradient of CSS."""
    table = diverging(PAPER)
    picked = [table[place] for place in np.linspace(0, len(table) - 1, 9).round().astype(int)]
    return ", ".join("#{:02x}{:02x}{:02x}".format(*color) for color in picked)


def _list(array: NDArray[Any]) -> str:
    """One row of numbers, over as many lines as it takes."""
    limit, exact = _limit(array.astype(np.float64)), array.size <= EXACT
    wide = 4 if exact and array.dtype.kind == "f" and array.size > 4 else PER_LINE
    cells = [_cell(value, limit, exact=exact) for value in array]
    lines = ("".join(cells[start : start + wide]) for start in range(0, len(cells), wide))
    return f'<div class="wide"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'


def _limit(numbers: NDArray[np.float64]) -> float:
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(finite.max()) if finite.size else 0.0


def _table(numbers: NDArray[np.float64], array: NDArray[Any]) -> str:
    limit = _limit(numbers)
    exact = array.size <= EXACT
    values = array.reshape(numbers.shape)
    lines = []
    for row in range(numbers.shape[0]):
        cells = (_cell(values[row, column], limit, exact=exact) for column in range(numbers.shape[1]))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _cell(value: Any, limit: float, *, exact: bool) -> str:
    number = float(value)
    style = ""
    if np.isfinite(number) and limit > 0 and number:
        hue = PAPER.positive if number > 0 else PAPER.negative
        style = f' style="background:{mix(PAPER.plot, hue, _TINT * abs(number) / limit)}"'
    text = _exact(value) if exact else format_number(number, DIGITS)
    return f"<td{style}>{text}</td>"


def _exact(value: Any) -> str:
    """All digits: an integer as such, a float32 as the shortest decimal that reads back as itself."""
    if np.asarray(value).dtype.kind in "iub":
        return str(int(value))
    return format_exact(float(str(value)) if isinstance(value, np.float32) else float(value))


def _data(image: QImage) -> str:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setCompression(9)
    writer.write(image)
    return "data:image/png;base64," + base64.b64encode(bytes(data.data())).decode()
