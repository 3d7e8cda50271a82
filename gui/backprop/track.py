"""The slider over the moments of a step, its parts marked: forward, loss, backward, updates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from gui.backprop.symbols import COLORS, PHASES, SIGNS
from gui.theme import theme

_GROOVE: Final = 8
_STRIP: Final = 5
_HEIGHT: Final = 40
_FINE: Final = 2.0
"""Segments narrower than so many pixels are drawn together."""
_MANY: Final = 400
"""Of so many stops, and inside of blocks, where phases alternate, each phase is named once."""
_RUNS: Final = 12
"""The same where phases change more often."""
_APART: Final = 8.0
"""Pixels between names."""
_FIRST: Final = ("forward", "backward", "update", "loss")
_TEXTS: Final = {**COLORS, "forward": "accent_text", "update": "success_text"}
"""The shades that are readable as text."""
Segment = tuple[float, float, str, bool]
"""Left, width, phase, and whether the cursor has passed it."""


@final
class MomentTrack(QSlider):
    """A segment for each moment in the colour of its phase, with its sign where there is room; names below.

    Inside of blocks the segments are single neurons or weights, and a strip above shows the moments of blocks.

    Signals:
        block_chosen(int): that moment of blocks was clicked in the strip above.
    """

    block_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("backpropTrack")
        self.setAccessibleName(self.tr("Moment of the step"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setRange(0, 0)
        self.setPageStep(1)
        theme().changed.connect(self._rescale)
        self._rescale()
        self._codes: NDArray[Any] = np.empty(0, np.int8)
        self._names: list[tuple[str, int, int]] = []
        self._blocks: tuple[str, ...] = ()
        self._block = 0

    def _rescale(self) -> None:
        self.setFixedHeight(theme().px(_HEIGHT))

    def set_phases(self, phases: Sequence[str]) -> None:
        """One phase a moment."""
        self.set_codes(np.array([PHASES.index(phase) for phase in phases], np.int8))

    def set_codes(self, codes: NDArray[Any]) -> None:
        """The same as places in `PHASES`, for thousands of them."""
        if not np.array_equal(codes, self._codes):
            self._codes = codes
            runs = [] if self._blocks or len(codes) > _MANY else self._runs()
            self._names = runs if 0 < len(runs) <= _RUNS else self._extents()
            self.setRange(0, max(0, len(codes) - 1))
        self.update()

    def show_walk(self, phases: Sequence[str], at: int, position: int, moments: NDArray[Any] | None) -> None:
        """Where the cursor is, without a word to who listens.

        Args:
            phases: one a moment of blocks.
            at: the moment that the cursor is in.
            position: of the cursor, from 0.
            moments: of each neuron or weight, inside of blocks; None: among the blocks.
        """
        self.blockSignals(True)
        if moments is None:
            self.set_blocks(())
            self.set_phases(phases)
        else:
            self.set_blocks(phases, at)
            self.set_codes(np.array([PHASES.index(phase) for phase in phases], np.int8)[moments])
        self.setValue(position)
        self.blockSignals(False)
        self.update()

    def set_blocks(self, phases: Sequence[str], at: int = 0) -> None:
        """The moments of blocks in the strip above, and which one the cursor is in; () among the blocks."""
        self._blocks, self._block = tuple(phases), at
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(320), theme().px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(120), theme().px(_HEIGHT))

    # -- where things are --

    def _groove(self) -> QRectF:
        top = 13 if self._blocks else 8
        return QRectF(8.0, theme().px(top), self.width() - 16.0, theme().px(_GROOVE))

    def _strip(self) -> QRectF:
        return QRectF(8.0, theme().px(2), self.width() - 16.0, theme().px(_STRIP))

    def _step(self) -> float:
        return self._groove().width() / max(1, len(self._codes))

    def segments(self) -> list[Segment]:
        """What is drawn: every stop, or what falls together on a pixel."""
        groove, step = self._groove(), self._step()
        if step >= _FINE:
            gap = 1.0 if step >= 2 * _FINE else 0.0
            return [
                (groove.left() + at * step + gap / 2, max(1.0, step - gap), PHASES[code], at <= self.value())
                for at, code in enumerate(self._codes)
            ]
        pixels = max(1, int(groove.width()))
        starts = np.arange(pixels) * len(self._codes) // pixels
        codes = np.minimum.reduceat(self._codes, starts)
        cursor = min(pixels - 1, int(self.value() * step))
        ends = np.flatnonzero(np.diff(codes) != 0)
        edges = sorted({0, pixels, cursor + 1, *(int(end) + 1 for end in ends)})
        return [
            (groove.left() + left, right - left, PHASES[codes[left]], left <= cursor) for left, right in pairwise(edges)
        ]

    # -- painting --

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        groove = self._groove()
        painter.setFont(look.font("caption"))
        for left, wide, phase, passed in self.segments():
            painter.fillRect(QRectF(left, groove.top(), wide, groove.height()), _shade(phase, full=passed))
        self._paint_blocks(painter)
        self._paint_names(painter)
        middle = QPointF(groove.left() + (self.value() + 0.5) * self._step(), groove.center().y())
        if len(self._codes):
            painter.setPen(look.pen("accent" if self.hasFocus() else "text", 2.0))
            painter.setBrush(look.brush("panel"))
            painter.drawEllipse(middle, look.px(7), look.px(7))

    def _paint_blocks(self, painter: QPainter) -> None:
        strip = self._strip()
        step = strip.width() / max(1, len(self._blocks))
        for at, phase in enumerate(self._blocks):
            box = QRectF(strip.left() + at * step + 0.5, strip.top(), max(1.0, step - 1.0), strip.height())
            painter.fillRect(box, _shade(phase, full=at == self._block))

    def labels(self) -> list[tuple[QRectF, str, str]]:
        """Where what is written, and of which phase: names where phases begin, signs where those find no room.

        The ways forward and back choose first, and of each phase its longest run; what would collide is left out.
        """
        names = {
            "forward": self.tr("Forward"),
            "loss": self.tr("Loss"),
            "backward": self.tr("Backward"),
            "update": self.tr("Update"),
        }
        groove, step = self._groove(), self._step()
        metrics, top = QFontMetricsF(theme().font("caption")), groove.bottom() + 3.0
        placed: list[tuple[QRectF, str, str]] = []
        named = set[str]()

        def put(phase: str, at: int, count: int, text: str) -> bool:
            wide = metrics.horizontalAdvance(text) + 1.0
            start, last = groove.left() + at * step, self.width() - 2.0 - wide
            for left in (start, max(start, start + count * step - wide)):
                box = QRectF(min(left, last), top, wide, self.height() - top)
                near = box.adjusted(-_APART, 0, _APART, 0)
                if box.left() >= 0.0 and not any(near.intersects(other) for other, *_ in placed):
                    placed.append((box, text, phase))
                    return True
            return False

        for phase, at, count in sorted(self._names, key=lambda run: (_FIRST.index(run[0]), -run[2])):
            if phase not in named and put(phase, at, count, f"{SIGNS[phase]} {names[phase]}"):
                named.add(phase)
        for phase, at, _count in sorted(self._names, key=lambda run: (run[0] in named, -run[2])):
            put(phase, at, 1, SIGNS[phase])
        return sorted(placed, key=lambda label: label[0].left())

    def _paint_names(self, painter: QPainter) -> None:
        for box, text, phase in self.labels():
            painter.setPen(theme().pen(_TEXTS[phase]))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _runs(self) -> list[tuple[str, int, int]]:
        """Phase, beginning and length of each run of a phase."""
        edges = [0, *(np.flatnonzero(np.diff(self._codes)) + 1).tolist(), len(self._codes)]
        return [(PHASES[self._codes[left]], left, right - left) for left, right in pairwise(edges) if right > left]

    def _extents(self) -> list[tuple[str, int, int]]:
        """The same from the first stop of each phase to its last, where phases alternate."""
        places = [np.flatnonzero(self._codes == code) for code in range(len(PHASES))]
        found = [
            (phase, int(at[0]), int(at[-1] - at[0]) + 1) for phase, at in zip(PHASES, places, strict=True) if at.size
        ]
        return sorted(found, key=lambda run: run[1])

    # -- mouse --

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            place = event.position()
            if self._blocks and place.y() < self._groove().top() - 2.0:
                strip = self._strip()
                at = int((place.x() - strip.left()) / strip.width() * len(self._blocks))
                self.block_chosen.emit(min(max(0, at), len(self._blocks) - 1))
            else:
                self._go(place.x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def _go(self, x: float) -> None:
        self.setValue(int((x - self._groove().left()) / self._step()))


def _shade(phase: str, *, full: bool) -> QColor:
    color = QColor(theme().color(COLORS[phase]))
    if not full:
        color.setAlpha(90)
    return color
