r"""Formulas as mathematics: LaTeX (what matplotlib's mathtext knows of it, and `cases`) becomes a vector outline.

No TeX, no figure, no bitmap. Importing matplotlib and the first parse take about a quarter of a second, each further
formula a few milliseconds, so widgets get their outlines from a pool thread, and every outline is made only once.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainterPath, QTransform

from gui.mathnumbers import NumberSetter, split_operator

if TYPE_CHECKING:
    from matplotlib.path import Path as MatplotlibPath

EM: Final = 100.0
"""Outlines are kept at this size in pixels and scaled when they are drawn."""
PIECE_GAP: Final = 0.28
PART_GAP: Final = 0.06
CASE_GAP: Final = 1.1
CASE_LEADING: Final = 0.35

_PARSING = threading.Lock()
_CASES: Final = re.compile(r"\\begin\{cases\}(.*?)\\end\{cases\}", re.DOTALL)
_SPELLINGS: Final = (
    (r"\\tfrac\b", r"\\frac"),
    (r"\\le\b", r"\\leq"),
    (r"\\ge\b", r"\\geq"),
    (r"\\ne\b", r"\\neq"),
    (r"\\[lr]vert\b", "|"),
    (r"\\[lr]Vert\b", r"\\Vert "),
    (r"\\operatorname\*", r"\\operatorname"),
    (r"\\(boldsymbol|bm)\b", r"\\mathbf"),
    (r"\\mathbb\{1\}", r"\\mathbf{1}"),
    (r"\\(displaystyle|textstyle|nolimits|limits)\b", ""),
    (r"\\middle\b", ""),
    (r"(?<=[\w})])\s*\\(sum|prod|int)\b", r"\\,\\\1"),
    (r"(\\(?:sum|prod)(?:[_^](?:\{[^{}]*\}|[^\\{}\s]))+)", r"\1\\,"),
    (r"\\colon\b", ":"),
    (r"\\lbrace\b", r"\\{"),
    (r"\\rbrace\b", r"\\}"),
)

_BREAKS: Final = frozenset(["=", "+", "-", r"\approx", r"\sim", r"\leq", r"\geq", r"\in", r"\odot"])
_OPENING: Final = frozenset(["{", "[", "(", r"\{"])
_CLOSING: Final = frozenset(["}", "]", ")", r"\}"])
_WIDE: Final = frozenset([r"\quad", r"\qquad"])
_OPEN_ENDS: Final = ("=", "+", "-", ",", "(", "^", "_", r"\approx", r"\sim", r"\leq", r"\geq", r"\in", r"\odot")


class FormulaError(ValueError):
    """Text that mathtext cannot set. `str(error)` says where."""


def formula_path(latex: str, size_px: float) -> QPainterPath:
    """The outline of a formula at a font size: baseline at y = 0, left edge at x = 0, y downwards.

    Slow for the first formula of a process (see above); `formula_ready` tells whether it is kept already.

    Raises:
        FormulaError: the text is no formula mathtext can set.
    """
    return QTransform.fromScale(size_px / EM, size_px / EM).map(_outline(latex))


def mathtext_loaded() -> bool:
    """Whether a formula takes milliseconds, and not the import of matplotlib first."""
    return "matplotlib.mathtext" in sys.modules


def formula_ready(latex: str) -> bool:
    """Whether `formula_path` answers at once."""
    return latex in _made


def pieces(latex: str) -> list[str]:
    """Where a line that is too long may be broken: before relations and additions, after wide spaces.

    Only in the line itself: never inside braces, brackets or cases, nor before a sign.
    """
    if _CASES.search(latex) or r"\left" in latex:
        return [latex]
    made: list[str] = [""]
    nesting = 0
    for piece in re.findall(r"\\[A-Za-z]+\s*|\\.|.", latex, re.DOTALL):
        before = made[-1].strip()
        breaks = nesting == 0 and bool(before) and not before.endswith(_OPEN_ENDS)
        if piece.strip() in _WIDE and breaks:
            made.append("")
            continue
        if breaks and piece.strip() in _BREAKS:
            made.append("")
        made[-1] += piece
        nesting += piece.strip() in _OPENING
        nesting -= piece.strip() in _CLOSING
    return [part.strip() for part in made if part.strip()]


def plain_text(latex: str) -> str:
    """Roughly what a formula says, in one line of ordinary letters, for as long as its outline is being made."""
    text = re.sub(r"\\([A-Za-z]+)", lambda match: _LETTERS.get(match.group(1), match.group(0)), _CASES.sub("…", latex))
    for _ in range(3):  # a fraction in a fraction
        text = re.sub(r"\\(?:mathrm|mathbf|operatorname|text|underset\{[^{}]*\})\{([^{}]*)\}", r"\1", text)
        text = re.sub(r"[_^]\{([^{}]*)\}", r"\1", text)
        text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1 / \2", text)
    text = re.sub(r"\\[ ,:;]", " ", text)
    text = re.sub(r"\\[A-Za-z]+|\\.|[{}_^]", "", text)
    return re.sub(r"\s+", " ", text).strip()


def prepare(lines: Sequence[str]) -> None:
    """Makes the outlines of all lines, for a worker thread; faults are kept for the caller to find."""
    for line in lines:
        with contextlib.suppress(FormulaError):
            _outline(line)


_LETTERS: Final = {
    "partial": "∂",
    "delta": "δ",
    "sigma": "σ",
    "eta": "η",
    "cdot": "·",
    "odot": "⊙",
    "sum": "∑",
    "sqrt": "√",
    "top": "ᵀ",
    "tanh": "tanh",
    "exp": "exp",
    "log": "log",
    "ln": "ln",
    "max": "max",
    "dots": "…",
    "beta": "β",
    "gamma": "γ",
    "mu": "μ",
    "epsilon": "ε",
    "lambda": "λ",
    "leq": "≤",
    "geq": "≥",
    "approx": "≈",
}
_KEPT: Final = 4096
_made: dict[str, QPainterPath | FormulaError] = {}
"""What was made last, so many at most. Looked up without waiting for one that is just being made."""


def _outline(latex: str) -> QPainterPath:
    """The outline at size `EM`."""
    made = _made.get(latex)
    if made is None:
        with _PARSING:
            made = _made.get(latex)
            if made is None:
                made = _made[latex] = _tried(latex)
            if len(_made) > _KEPT:
                del _made[next(iter(_made))]
    if isinstance(made, FormulaError):
        raise FormulaError(str(made))
    return made


def _tried(latex: str) -> QPainterPath | FormulaError:
    try:
        made = _of_numbers(latex)
        return made if made is not None else _with_cases(latex)
    except FormulaError as error:
        return error


def _of_numbers(latex: str) -> QPainterPath | None:
    """A line with numbers piece by piece, which is much faster; None for one without, or with wide spaces."""
    if not any(character.isdigit() for character in latex) or any(space in latex for space in _WIDE):
        return None
    split = [split_operator(part) for part in pieces(latex)]
    numbers = [_numbers.set(rest) for _, rest in split]
    if not any(numbers) or not all(rest for _, rest in split):
        return None
    line, pen = QPainterPath(), 0.0
    line.setFillRule(Qt.FillRule.WindingFill)
    for (sign, rest), number in zip(split, numbers, strict=True):
        if sign:
            outline, wide = _numbers.operator(sign)
            line.addPath(outline.translated(pen, 0.0))
            pen += wide
        if number is not None:
            outline, wide = number
        else:
            outline = _part(rest)
            wide = outline.boundingRect().right() + PART_GAP * EM
        line.addPath(outline.translated(pen, 0.0))
        pen += wide
    return line


@lru_cache(maxsize=1024)
def _part(latex: str) -> QPainterPath:
    """What lines with numbers have in common: the left side, how many terms are left out."""
    return _with_cases(latex)


def _with_cases(latex: str) -> QPainterPath:
    match = _CASES.search(latex)
    if match is None:
        return _set(latex)
    line = _Line()
    line.add(latex[: match.start()])
    line.add_path(_cases(match.group(1)))
    line.add(latex[match.end() :])
    return line.path


@final
class _Line:
    """Outlines side by side."""

    def __init__(self) -> None:
        self.path = QPainterPath()

    def add(self, latex: str) -> None:
        """Appends a piece of formula, if there is any."""
        if latex.strip():
            self.add_path(_with_cases(latex))

    def add_path(self, piece: QPainterPath) -> None:
        """Appends an outline."""
        rect = self.path.boundingRect()
        left = rect.right() + PIECE_GAP * EM if not self.path.isEmpty() else 0.0
        self.path.addPath(piece.translated(left - min(0.0, piece.boundingRect().left()), 0.0))


def _cases(body: str) -> QPainterPath:
    r"""Rows `value & condition \\` behind one tall brace, centred on the axis of the line."""
    rows = [
        [_set(cell, display=False) if cell.strip() else QPainterPath() for cell in row.split("&")]
        for row in re.split(r"\\\\(?:\[[^\]]*\])?", body)
        if row.strip()
    ]
    if not rows:
        raise FormulaError("cases without a case")
    columns = max(len(row) for row in rows)
    widths = [max((row[i].boundingRect().right() for row in rows if i < len(row)), default=0.0) for i in range(columns)]
    table = QPainterPath()
    top = 0.0
    for row in rows:
        ascent = max(*(-cell.boundingRect().top() for cell in row), 0.7 * EM)
        descent = max(*(cell.boundingRect().bottom() for cell in row), 0.2 * EM)
        for column, cell in enumerate(row):
            left = sum(widths[:column]) + column * CASE_GAP * EM
            table.addPath(cell.translated(left, top + ascent))
        top += ascent + descent + CASE_LEADING * EM
    height = top - CASE_LEADING * EM
    brace = _set(r"\{")
    box = brace.boundingRect()
    tall = QTransform.fromTranslate(-box.left(), -box.top()).map(brace)
    tall = QTransform.fromScale(1.25, height * 1.04 / box.height()).map(tall)
    made = QPainterPath()
    made.addPath(tall)
    made.addPath(table.translated(tall.boundingRect().right() + 0.25 * EM, 0.02 * height))
    axis = 0.25 * EM
    return made.translated(0.0, -height / 2 - axis)


def _displayed(latex: str) -> str:
    """Fractions that stand in the line itself at full size, as TeX sets displayed formulas."""
    return "".join(piece if depth else re.sub(r"\\frac\b", r"\\dfrac", piece) for depth, piece in _by_depth(latex))


def _by_depth(latex: str) -> Iterator[tuple[int, str]]:
    """Pieces of text with their depth in braces; an escaped brace is no brace."""
    depth = 0
    for piece in re.split(r"(?<!\\)([{}])", latex):
        if piece == "{":
            yield depth, piece
            depth += 1
        elif piece == "}":
            depth -= 1
            yield depth, piece
        else:
            yield depth, piece


def _set(latex: str, *, display: bool = True) -> QPainterPath:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not latex.strip():
        return QPainterPath()
    if re.search(r"(?<!\\)\$", latex):
        raise FormulaError(f"{latex}: a dollar sign ends the formula")
    spelled = _displayed(latex.strip()) if display else latex.strip()
    for pattern, replacement in _SPELLINGS:
        spelled = re.sub(pattern, replacement, spelled)
    text = f"${spelled}$"
    try:
        outline = TextPath((0, 0), text, size=EM, prop=FontProperties(math_fontfamily="stix"))
    except Exception as error:
        # Besides its own errors, mathtext has AttributeError for `{}` and more: all mean that it cannot set this.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise FormulaError(f"{latex}: {lines[-1]}") from error
    return _to_qt(outline)


def _to_qt(outline: MatplotlibPath) -> QPainterPath:
    """Matplotlib's path (y upwards) as Qt's (y downwards)."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for points, code in outline.iter_segments(simplify=False, curves=True):
        p = [float(value) for value in points]
        if code == outline.MOVETO:
            path.moveTo(p[0], -p[1])
        elif code == outline.LINETO:
            path.lineTo(p[0], -p[1])
        elif code == outline.CURVE3:
            path.quadTo(p[0], -p[1], p[2], -p[3])
        elif code == outline.CURVE4:
            path.cubicTo(p[0], -p[1], p[2], -p[3], p[4], -p[5])
        elif code == outline.CLOSEPOLY:
            path.closeSubpath()
    return path


_numbers: Final = NumberSetter(_set, PART_GAP * EM)
