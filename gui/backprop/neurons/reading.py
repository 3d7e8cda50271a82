"""Below the drawing: what its marks mean, and what the part pointed at says, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from engine.moments import Update
from gui.backprop.neurons.sight import Sight
from gui.backprop.neurons.strokes import line_pen
from gui.backprop.neurons.words import update_words
from gui.theme import Role, Tone, set_role, set_tone, theme
from gui.widgets.labels import ElidedLabel, plain_tooltip, text_label

ROWS: Final = 4
"""Lines of numbers that there is always room for, so that the drawing does not jump while the pointer moves."""
_SAMPLE: Final = 22


def _tr(text: str) -> str:
    return QCoreApplication.translate("NeuronReading", text)


def legend(sight: Sight, update: Update | None, *, pictures: bool, several: bool) -> str:
    """What the numbers in the neurons and on the lines are at this moment; `several` samples make the batch."""
    if pictures:
        return _tr(
            "In each neuron: its output over the plane of the inputs; blue above zero (sigmoid: ½), orange below"
        )
    if update is not None:
        return _tr("On the lines: w → w′, {0}").format(update_words(update))
    if any(column.kind == "after" for column in sight.columns):
        return _tr("In a neuron: a before the step, below it after; on the lines: w → w′")
    if sight.phase in ("backward", "update"):
        if several:
            return _tr("In a neuron: ∂L/∂a, below it ∂L/∂z; lines: ∂L/∂w of the batch; one colour scale for all layers")
        return _tr("In a neuron: ∂L/∂a, below it ∂L/∂z; lines: ∂L/∂w; one colour scale for all layers")
    return _tr("In a neuron: z = Σ w·x + b, below it a = f(z); lines: w; small discs: b")


@final
class LineKey(QWidget):
    """What the looks of a line mean: sign and size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._parts = ((1.0, _tr("positive")), (-1.0, _tr("negative")), (0.0, _tr("width: size")))
        self.setAccessibleName(
            _tr("Lines: blue and whole are positive, orange and dashed negative; the width is the size")
        )
        self.setToolTip(plain_tooltip(_tr("The width of a line is its size relative to the largest of its layer")))

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(theme().font("caption"))
        words = sum(metrics.horizontalAdvance(text) for _, text in self._parts)
        return QSize(words + 3 * (theme().px(_SAMPLE) + 16), theme().px(18))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme().font("caption"))
        left, middle, sample = 0, self.height() / 2, theme().px(_SAMPLE)
        for value, text in self._parts:
            if value:
                painter.setPen(line_pen(value * 0.5, 1.0))
                painter.drawLine(left, round(middle), left + sample, round(middle))
            else:
                for at, part in enumerate((0.1, 0.5, 1.0)):
                    painter.setPen(line_pen(part, 1.0))
                    painter.drawLine(
                        left + at * sample // 3, round(middle), left + (at + 1) * sample // 3 - 2, round(middle)
                    )
            left += sample + 5
            wide = painter.fontMetrics().horizontalAdvance(text) + 2
            painter.setPen(theme().pen("secondary"))
            painter.drawText(left, 0, wide, self.height(), Qt.AlignmentFlag.AlignVCenter, text)
            left += wide + 11


@final
class Reading(QWidget):
    """A title and lines of numbers, or a hint while nothing is pointed at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = LineKey()
        self.legend = text_label("", "caption", "secondary", wrap=True)
        self.title = ElidedLabel("", "caption_strong")
        self.numbers = text_label("", "mono_caption", wrap=True)
        self.numbers.setObjectName("neuronNumbers")
        self.numbers.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 0, 2, 0)
        column.setSpacing(3)
        for part in (self.key, self.legend, self.title, self.numbers):
            column.addWidget(part)
        theme().changed.connect(self._rescale)
        self._rescale()

    def _rescale(self) -> None:
        self.numbers.setMinimumHeight(ROWS * QFontMetrics(theme().font("mono_caption")).lineSpacing() + 2)

    def _write_in(self, role: Role, tone: Tone) -> None:
        if self.numbers.property("role") != role:
            set_tone(self.numbers, tone)  # which brings back the font from before: so first
            set_role(self.numbers, role)

    def set_brief(self, brief: bool) -> None:
        """Leave out what the marks mean, where there is hardly room for the drawing."""
        self.key.setHidden(brief)
        self.legend.setHidden(brief)

    def set_legend(self, text: str) -> None:
        """What the drawing shows."""
        self.legend.setText(text)

    def say(self, title: str, lines: Sequence[str], place: str = "") -> None:
        """What the part pointed at says; without a title, how to go on. `place` tells whose numbers these are."""
        if not title:
            hint = _tr("Point at a neuron or a line. Drag a line up or down, or double-click it, to change its weight.")
            self.title.setText(place)
            self._write_in("caption", "secondary")
            self.numbers.setText(hint)
        else:
            self.title.setText(f"{title} · {place}" if place else title)
            self._write_in("mono_caption", "text")
            self.numbers.setText("\n".join(lines))
