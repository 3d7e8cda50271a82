"""The strip below the canvas that moves the cursor through a step."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from engine.moments import Level
from gui.backprop.speed import SpeedButton
from gui.backprop.track import MomentTrack
from gui.icons import icon
from gui.theme import set_kind, set_role, theme
from gui.widgets.boxed_button import boxed_button
from gui.widgets.counter import Counter
from gui.widgets.labels import plain_tooltip, text_label

HEIGHT: Final = 50
LEAST: Final = 400
TRACK: Final = 180
"""The slider gets so many pixels before there is room for anything that one can do without."""
WITHIN: Final = 2
BETWEEN: Final = 8
"""Pixels between buttons that belong together, and between the groups of them."""
ARROWS: Final = 32
"""What a counter needs beside its text."""
SPEEDS: Final = {"slow": 3000, "normal": 1400, "fast": 500}
"""Milliseconds that a moment is shown while it plays."""


@final
class BackpropBar(QFrame):
    """Buttons, slider, speed, and which sample of the batch.

    Signals:
        moved(int): to this moment.
        play_wanted(), left(): the buttons.
        in_wanted(), out_wanted(): of the block to its neurons and weights, and back.
        step_wanted(): make the step that is shown, and look at the next one.
        save_wanted(): write the whole step down.
        sample_chosen(object): the number of a sample in the batch from 0, None for the whole batch.
    """

    moved = Signal(int)
    play_wanted = Signal()
    left = Signal()
    step_wanted = Signal()
    save_wanted = Signal()
    sample_chosen = Signal(object)
    in_wanted = Signal()
    out_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("backpropBar")
        set_kind(self, "bar")
        self.track = MomentTrack(self)
        self.track.valueChanged.connect(self.moved)
        self._back = boxed_button(self, "chevron-left", self.tr("Previous moment (Left)"), "backpropBack")
        self._play = boxed_button(self, "play", self.tr("Play moment by moment (Space)"), "backpropPlay")
        self._next = boxed_button(self, "chevron-right", self.tr("Next moment (Right)"), "backpropNext")
        self._back.clicked.connect(lambda: self.track.setValue(self.track.value() - 1))
        self._next.clicked.connect(lambda: self.track.setValue(self.track.value() + 1))
        self._play.clicked.connect(self.play_wanted)
        self._out = boxed_button(self, "chevron-up", self.tr("Out: back to the level before (Up)"), "backpropOut")
        inside = self.tr("In: to single neurons, then to weights (Down)")
        self._in = boxed_button(self, "chevron-down", inside, "backpropIn")
        self._out.clicked.connect(self.out_wanted)
        self._in.clicked.connect(self.in_wanted)
        self._count = text_label("", "mono_caption", "secondary")
        self._level = text_label("", "caption", "secondary")
        self.speed = SpeedButton(self)
        self.sample = Counter(self)
        self._set_up_sample()
        make = self.tr("Make this step: train for one batch, and take the next step apart")
        self._make = boxed_button(self, "step", make, "backpropMake")
        self._make.clicked.connect(self.step_wanted)
        save = self.tr("Save this step as a page with all its formulas and numbers (Ctrl+Alt+S)")
        self._save = boxed_button(self, "download", save, "backpropSave")
        self._save.clicked.connect(self.save_wanted)
        self._close = boxed_button(self, "close", self.tr("Leave (Esc)"), "backpropLeave")
        self._close.clicked.connect(self.left)
        theme().changed.connect(self._rescale)
        self._rescale()
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(BETWEEN)
        row.addLayout(_together(self._back, self._play, self.speed, self._next))
        row.addLayout(_together(self._out, self._in))
        row.addWidget(self.track, 1)
        place = QVBoxLayout()
        place.setSpacing(0)
        for words in (self._level, self._count):
            words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            place.addWidget(words)
        row.addLayout(place)
        row.addWidget(self.sample)
        row.addLayout(_together(self._make, self._save, self._close))

    # -- room --

    def minimumSizeHint(self) -> QSize:
        """Without what can do without room."""
        return QSize(min(super().minimumSizeHint().width(), theme().px(LEAST)), theme().px(HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Leave out what the slider needs the room of, the least important first: the words, speed, page, sample."""
        inside = bool(self._level.text())
        place = max(words.sizeHint().width() for words in (self._level, self._count)) + BETWEEN
        sample = self.sample.minimumWidth() + BETWEEN if self.sample.maximum() > 1 else 0
        always = (self._back, self._play, self._next, self._out, self._in, self._make, self._close)
        room = self.width() - 12 - 3 * BETWEEN - theme().px(TRACK)
        room -= sum(part.sizeHint().width() + WITHIN for part in always)
        shown = []
        for wanted in (sample, self._save.sizeHint().width() + WITHIN, self.speed.width() + WITHIN, place):
            shown.append(wanted <= room)
            room -= wanted
        self.sample.setVisible(shown[0] and sample > 0)
        self._save.setVisible(shown[1])
        self.speed.setVisible(shown[2])
        self._count.setVisible(shown[3])
        self._level.setVisible(shown[3] and inside)

    def _set_up_sample(self) -> None:
        self.sample.setObjectName("backpropSample")
        self.sample.setAccessibleName(self.tr("Sample of the batch"))
        self.sample.setToolTip(plain_tooltip(self.tr("One sample of the next batch, or all of it")))
        self.sample.setPrefix(self.tr("sample "))
        self.sample.setSpecialValueText(self.tr("whole batch"))
        self.sample.setRange(0, 0)
        set_role(self.sample, "text")
        set_role(self.sample.lineEdit(), "text")
        self.sample.valueChanged.connect(lambda value: self.sample_chosen.emit(value - 1 if value else None))

    def _rescale(self) -> None:
        self.setFixedHeight(theme().px(HEIGHT))
        metrics = QFontMetrics(theme().font("text"))
        texts = (self.sample.specialValueText(), f"{self.sample.prefix()}{self.sample.maximum()}")
        self.sample.setFixedWidth(max(map(metrics.horizontalAdvance, texts)) + theme().px(ARROWS))
        self._make_room()

    def set_enabled(self, enabled: bool) -> None:
        """Whether there is a step to walk through."""
        for part in (
            self.track,
            self._back,
            self._play,
            self._next,
            self._out,
            self._in,
            self.speed,
            self._make,
            self._save,
        ):
            part.setEnabled(enabled)

    def set_playing(self, playing: bool) -> None:
        """The button plays, or pauses."""
        image: QIcon = icon("pause" if playing else "play")
        self._play.setIcon(image)

    def show_place(self, at: int, count: int, level: Level = "block") -> None:
        """The moment shown, of so many; and how deep inside that is."""
        wide = len(f"{count:,}")
        self._count.setText(f"{at + 1:>{wide},} / {count:,}")
        words = {"block": "", "neuron": self.tr("neurons")}
        self._level.setText(words.get(level, self.tr("weights")))
        self._make_room()
        self._out.setEnabled(level != "block")
        self._in.setEnabled(level != "weight")
        self._back.setEnabled(at > 0)
        self._next.setEnabled(at < count - 1)

    def set_samples(self, count: int) -> None:
        """How many there are in the batch. Silent."""
        self.sample.blockSignals(True)
        self.sample.setMaximum(count)
        self.sample.blockSignals(False)
        self._rescale()

    @property
    def interval(self) -> int:
        """Milliseconds that a moment is shown while it plays."""
        return SPEEDS[self.speed.value()]


def _together(*parts: QWidget) -> QHBoxLayout:
    """Controls that belong together."""
    row = QHBoxLayout()
    row.setSpacing(WITHIN)
    for part in parts:
        row.addWidget(part)
    return row
