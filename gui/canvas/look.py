"""Pens, brushes and fonts of the canvas, kept and made anew when the theme changes; and how much detail is drawn."""

from __future__ import annotations

from collections.abc import Set
from enum import IntEnum
from functools import cache, partial
from typing import Final, Literal, final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPen

from gui.canvas.block_pictures import BlockPictures
from gui.canvas.port_rows import AllRows
from gui.colors import CATEGORIES, PORT_KINDS, mix
from gui.fonts import make_font
from gui.theme import theme


class Detail(IntEnum):
    """How much of a block is drawn, by how large it is on the screen."""

    SHAPES = 0
    NAMES = 1
    FULL = 2


NAMES_FROM: Final = 0.35
SUMMARIES_FROM: Final = 0.46
FULL_FROM: Final = 0.6
LABELS_FROM: Final = 0.75
FAR_NAME_PX: Final = ((0.53, 18), (SUMMARIES_FROM, 20), (0.0, 27))
"""From that scale on, the size of names from further away: on the screen they stay between 9 and 12 pixels high, and
come near as they are from far."""
FAR_LONG: Final = 0.85
KERNING: Final = 1.1
"""Side by side, letters may take so many times the room that each takes alone."""
FAR_LINE_PX: Final = ((0.53, 16), (0.0, 18))
"""The same for the summary below the name; from further away than `SUMMARIES_FROM` the name stands alone."""


def detail_at(scale: float) -> Detail:
    """What to draw at that scale: everything, shapes with names, or rectangles alone."""
    if scale >= FULL_FROM:
        return Detail.FULL
    return Detail.NAMES if scale >= NAMES_FROM else Detail.SHAPES


@final
class Look:
    """What block and wire items paint with. One for all items: they keep nothing of the theme."""

    def __init__(self) -> None:
        self.scale = 1.0
        self.detail = Detail.FULL
        self.wiring = False
        """Whether a wire is being drawn: ports that do not fit step back."""
        self.path_blocks: Set[str] = frozenset()
        self.path_wires: Set[tuple[str, str, str, str]] = frozenset()
        """The way through what the pointer is on, or what is selected, from the data to the loss."""
        self.revision = 0
        """Counts changes of the places and sizes of blocks (`stir`)."""
        self.stirred: QRectF | None = None
        """What the latest of these changes touched; None: anything."""
        self.name_font = make_font("strong")
        self.mono_font = make_font("mono_caption")
        self.label_font = make_font("caption")
        self.far_font, self.far_line_font = QFont(self.name_font), QFont(self.label_font)
        self.far_long_font = QFont(self.name_font)
        """For names that do not fit otherwise: smaller, before they are cut."""
        self.far_px = 0
        self.name_metrics = QFontMetricsF(self.name_font)
        self.mono_metrics = QFontMetricsF(self.mono_font)
        self.mono_height = self.mono_metrics.height()
        self.label_metrics = QFontMetricsF(self.label_font)
        self._size_far(self.scale)
        self.pictures = BlockPictures()
        self.version = 0
        """Counts changes of the colours."""
        self._widths: dict[tuple[str, str], float] = {}
        self._letters = cache(partial(_advance, self.name_metrics))
        self.rows = AllRows(self.label_metrics.horizontalAdvance)
        self.refresh()

    def width(self, role: Literal["name", "mono"], text: str) -> float:
        """How wide a text is in that font. Kept: the same summaries come again and again."""
        found = self._widths.get((role, text))
        if found is None:
            metrics = self.name_metrics if role == "name" else self.mono_metrics
            found = self._widths[role, text] = metrics.horizontalAdvance(text)
        return found

    def surely_fits(self, name: str, room: float) -> bool:
        """Whether a name is no wider than that, as far as its letters tell: to lay each text out takes far longer."""
        return name.isascii() and sum(map(self._letters, name)) * KERNING <= room

    def set_scale(self, scale: float) -> None:
        """The view shows the scene at this scale."""
        self.scale = scale
        self.detail = detail_at(scale)
        self._size_far(scale)

    @property
    def has_far_lines(self) -> bool:
        """Whether there are summaries below the names from further away."""
        return self.scale >= SUMMARIES_FROM

    def _size_far(self, scale: float) -> None:
        px = next(size for least, size in FAR_NAME_PX if scale >= least)
        if px != self.far_px:
            self.far_px = px
            self.far_font.setPixelSize(px)
            self.far_line_font.setPixelSize(next(size for least, size in FAR_LINE_PX if scale >= least))
            self.far_long_font.setPixelSize(round(px * FAR_LONG))
            self.far_metrics, self.far_line_metrics = QFontMetricsF(self.far_font), QFontMetricsF(self.far_line_font)
            self.far_long_metrics = QFontMetricsF(self.far_long_font)

    def stir(self, area: QRectF | None = None) -> None:
        """Blocks stand elsewhere or have other sizes: what is kept of the room between them is old, there at least."""
        self.revision += 1
        self.stirred = area

    def refresh(self) -> None:
        """Take the colours now in force."""
        self.version += 1
        colors = theme().palette
        self.canvas = QBrush(QColor(colors.canvas))
        self.body = QBrush(QColor(colors.raised))
        self.body_hover = QBrush(QColor(mix(colors.raised, colors.hover, 0.5)))
        self.body_muted = QBrush(QColor(mix(colors.raised, colors.canvas, 0.6)))
        self.well = QBrush(QColor(colors.plot))
        self.line = QBrush(QColor(colors.border if theme().is_dark else colors.line))
        self.line_hover = QBrush(QColor(colors.control))
        self.accent = QBrush(QColor(colors.accent))
        self.accent_soft = QBrush(_faded(colors.accent, 56))
        self.accent_pale = QBrush(_faded(colors.accent, 26))
        self.error = QBrush(QColor(colors.error))
        self.warning = QBrush(QColor(colors.warning))
        self.text = _pen(colors.text, 1.0)
        self.secondary = _pen(colors.secondary, 1.0)
        self.disabled = _pen(colors.disabled, 1.0)
        self.muted = _pen(colors.secondary, 1.25, Qt.PenStyle.DashLine)
        self.strips = {name: QBrush(QColor(colors.category(name))) for name in CATEGORIES}
        self.strips[""] = QBrush(QColor(colors.secondary))
        self.ports = {kind: QBrush(QColor(colors.port(kind))) for kind in PORT_KINDS}
        self.port_back = QBrush(QColor(mix(colors.canvas, colors.port_value, 0.35)))
        self.far_error = _cosmetic(colors.error, 2.0)
        self.far_chosen = _cosmetic(colors.accent, 2.5)
        self.new_wire = _cosmetic(colors.accent, 2.5)
        self.new_wire_wrong = _cosmetic(colors.error, 2.0, Qt.PenStyle.DashLine)
        self.guide = _cosmetic(colors.accent, 1.25, Qt.PenStyle.DashLine)
        self.band = _cosmetic(colors.accent, 1.25)
        self.ring = _cosmetic(colors.warning, 2.0)
        self.dots = QColor(mix(colors.grid, colors.secondary, 0.12))
        self._refresh_wires()

    def _refresh_wires(self) -> None:
        colors = theme().palette
        self.wires = {kind: _pen(mix(colors.port(kind), colors.canvas, 0.4), 2.0) for kind in PORT_KINDS}
        self.wires_hover = {kind: _pen(colors.port(kind), 2.5) for kind in PORT_KINDS}
        self.wires_far = {kind: _cosmetic(mix(colors.port(kind), colors.canvas, 0.4), 1.4) for kind in PORT_KINDS}
        self.wires_path = {kind: _pen(mix(colors.port(kind), colors.canvas, 0.12), 2.5) for kind in PORT_KINDS}
        self.wire_lit = _pen(colors.accent, 4.0)
        self.wire_cut = _pen(colors.error, 2.5, Qt.PenStyle.DashLine)
        self.wire_selected = _pen(colors.accent, 3.0)
        self.wire_wrong = _pen(colors.error, 2.5)
        self.wire_back = _pen(mix(colors.port_value, colors.canvas, 0.75), 2.0, Qt.PenStyle.DashLine)
        # Qt draws one long path with lines of one pixel in a twentieth of the time that wider ones take.
        self.far_wire = _cosmetic(mix(colors.port_value, colors.canvas, 0.4), 1.0)
        self.far_path = _cosmetic(mix(colors.port_value, colors.canvas, 0.1), 1.0)
        self.knife = _cosmetic(colors.error, 1.5, Qt.PenStyle.DashLine)


def _advance(metrics: QFontMetricsF, text: str) -> float:  # Qt's own method takes 10 ms to wrap
    return metrics.horizontalAdvance(text)


def _faded(color: str, alpha: int) -> QColor:
    made = QColor(color)
    made.setAlpha(alpha)
    return made


def _pen(color: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    return QPen(QColor(color), width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _cosmetic(color: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen of the same width on the screen at every zoom."""
    pen = _pen(color, width, style)
    pen.setCosmetic(True)
    return pen
