"""The bar at the top: menus, file and history on the left, the transport in the middle, the run on the right."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenuBar,
    QProgressBar,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.events import StateChanged
from engine.snapshots import Progress
from gui.actions import Actions
from gui.document import Document
from gui.format import format_count, format_duration, format_exact, format_integer
from gui.icons import icon
from gui.run_feed import RunFeed
from gui.theme import set_kind, theme
from gui.widgets.labels import ElidedLabel, PartsLabel, plain_tooltip, text_label
from gui.widgets.segmented import Segmented

TITLE_WIDTH, LEAST_TITLE, NUMBERS_WIDTH = 220, 88, 300
LARGE_TEXT = 1.3
PLAY_WIDTH, QWIDGETSIZE_MAX = 100, (1 << 24) - 1


@final
class _Side(QWidget):
    """Left or right of the transport. Both are alike wide, whatever the run tells, so that it never jumps.

    Only where one needs more than half, for a long name or the menus in large type, the other has less.

    Attributes:
        wish: how wide it would like to be; 0: as its parts would.
    """

    wish = 0

    def sizeHint(self) -> QSize:
        least = self.minimumSizeHint()
        return QSize(max(least.width(), self.wish), least.height()) if self.wish else super().sizeHint()


@final
class _PlayButton(QToolButton):
    """Icon and word in the middle, also where the button is wider than they are; `brief`: the icon alone."""

    brief = False

    def set_brief(self, brief: bool) -> None:
        """Leave the word out, or write it again."""
        self.brief = brief
        self.setMinimumWidth(theme().px(44 if brief else PLAY_WIDTH))  # Play and Pause are alike wide
        self.setMaximumWidth(theme().px(44) if brief else QWIDGETSIZE_MAX)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        text, image, side = "" if self.brief else self.text(), self.icon(), self.iconSize()
        option.text, option.icon = "", QIcon()
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        gap = theme().px(6) if text else 0
        wide = side.width() + gap + self.fontMetrics().horizontalAdvance(text)
        place = QRect(QPoint((self.width() - wide) // 2, (self.height() - side.height()) // 2), side)
        mode = QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled
        image.paint(painter, place, Qt.AlignmentFlag.AlignCenter, mode)
        painter.setPen(theme().pen("on_accent" if self.isEnabled() else "disabled"))
        words = QRect(place.right() + 1 + gap, 0, self.width(), self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)


@final
class TransportBar(QFrame):
    """Play and its neighbours. The actions do the work; this shows them, the file's name and the run's progress."""

    def __init__(self, actions: Actions, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        set_kind(self, "bar")
        self._document, self._feed = document, feed
        self._device = ""
        self.menus = QMenuBar(self)
        self.menus.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)  # a long title gives way
        self._title, self._unsaved = ElidedLabel(role="strong"), text_label("", "caption", "secondary")
        self._title.setObjectName("documentTitle")
        self._unsaved.setToolTip(self.tr("Unsaved changes"))
        self._unsaved.setAccessibleName(self.tr("Unsaved changes"))
        self._play = _PlayButton(self)
        self._play.setDefaultAction(actions.play)
        self._play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_kind(self._play, "primary")
        self._play.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.grain = Segmented(
            [
                ("operation", self.tr("Operation")),
                ("sample", self.tr("Sample")),
                ("batch", self.tr("Batch")),
                ("epoch", self.tr("Epoch")),
            ],
            "batch",
            self,
        )
        self.grain.setObjectName("grain")
        self.grain.set_hint("operation", self.tr("Walk through one step, block by block"))
        self.grain.setAccessibleName(self.tr("How far one step goes"))
        self.grain.setToolTip(self.tr("How far one step goes"))
        self._numbers = PartsLabel("mono_caption", "secondary")
        self._numbers.setObjectName("runNumbers")
        self._progress = QProgressBar(self)
        self._progress.setObjectName("runProgress")
        self._progress.setAccessibleName(self.tr("Progress of the training"))
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 1000)
        self._play_icon = icon("play", "on_accent")
        actions.play.changed.connect(self._dress_play)
        self._arrange(actions)
        feed.on(Progress, self._show_progress)
        feed.on(StateChanged, self._show_state)
        feed.session_changed.connect(self.clear)
        feed.state_changed.connect(self._follow_given)
        for signal in (document.path_changed, document.clean_changed, document.changed, document.replaced):
            signal.connect(self._show_title)
        theme().changed.connect(self._rescale)
        self._rescale()
        self._show_title()
        self.clear()

    def _button(self, action: QAction, kind: str) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if kind:
            set_kind(button, kind)
        return button

    def _arrange(self, actions: Actions) -> None:
        left, middle, right = _Side(self), QWidget(self), _Side(self)
        self._right = right
        left_row, middle_row, right_row, right_column = (
            QHBoxLayout(left), QHBoxLayout(middle), QHBoxLayout(right), QVBoxLayout(),
        )  # fmt: skip
        for layout in (left_row, middle_row, right_row, right_column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(6)
        self._rows = (left_row, middle_row, right_row)
        left_row.addWidget(self.menus)
        left_row.addWidget(self._title)
        left_row.addWidget(self._unsaved)
        self._history = (self._button(actions.undo, ""), self._button(actions.redo, ""))
        for button in self._history:
            left_row.addWidget(button)
        left_row.addStretch(1)
        middle_row.addWidget(self._button(actions.reset, "boxed"))
        self._step_back = self._button(actions.step_back, "boxed")
        middle_row.addWidget(self._step_back)
        middle_row.addWidget(self._play)
        middle_row.addWidget(self._button(actions.step, "boxed"))
        middle_row.addWidget(self._button(actions.stop, "boxed"))
        middle_row.addSpacing(6)
        middle_row.addWidget(self.grain)
        right_column.addStretch(1)
        right_column.addWidget(self._numbers)
        right_column.addWidget(self._progress)
        right_column.addStretch(1)
        self._time = self._button(actions.timeline, "boxed")
        right_row.addLayout(right_column, 1)
        right_row.addWidget(self._time)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 8, 12, 8)
        layout.setSpacing(12)
        for side in (left, right):  # a stretch would count least widths, not wishes
            side.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        middle.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        for part in (left, middle, right):
            layout.addWidget(part)

    def _rescale(self) -> None:
        self._play.set_brief(self._play.brief)
        self._progress.setFixedHeight(theme().px(3))
        self._title.setMaximumWidth(theme().px(TITLE_WIDTH))
        self._right.wish = theme().px(NUMBERS_WIDTH)
        self._fit_title()
        for button in self.findChildren(QToolButton):
            button.setIconSize(QSize(theme().px(16), theme().px(16)))
        self._leave_out()

    def _leave_out(self) -> None:
        """In a lecture hall, or a narrow window, its own title says the name, and the menus have the rest."""
        operation, fits = self.grain.button("operation"), theme().text_scale < LARGE_TEXT
        need = self._needed()
        for parts in ((operation,), (self._time, self._step_back), (self._title, self._unsaved)):
            shown = fits and need <= self.width()
            if not shown:
                need -= sum(part.sizeHint().width() + 6 for part in parts)
            for part in parts:
                part.setVisible(shown)
        self._play.set_brief(need > self.width())
        if self._play.brief:
            need -= theme().px(PLAY_WIDTH) - self._play.minimumWidth()
        for button in self._history:
            button.setVisible(need <= self.width())
        if self.grain.value() == "operation" and operation.isHidden():
            self.grain.set_value("batch")

    def _needed(self) -> int:
        """Pixels for all there is, the name as short as may be."""
        operation = self.grain.button("operation")
        need = operation.sizeHint().width() if operation.isHidden() else 0
        need += max(0, theme().px(PLAY_WIDTH) - self._play.sizeHint().width())
        for row in self._rows:
            items = [row.itemAt(number) for number in range(row.count())]
            for item in (item for item in items if item is not None):
                part = item.widget()
                least = item.minimumSize() if part is None else part.sizeHint()
                need += 6 + (self._title.minimumWidth() if part is self._title else least.width())
        return need + 40

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._leave_out()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._leave_out()

    def _show_title(self) -> None:
        self._title.setText(self._document.title)
        self._fit_title()
        self._unsaved.setText("" if self._document.is_clean else "●")  # the status bar has it in words

    def _fit_title(self) -> None:
        """Some of the name is always to be read, of a short one all: the numbers on the right give way."""
        whole = self._title.fontMetrics().horizontalAdvance(self._title.text()) + 2
        self._title.setMinimumWidth(min(theme().px(LEAST_TITLE), whole))
        self._title.updateGeometry()

    def show_play(self, running: bool) -> None:
        """The button plays, or pauses."""
        self._play_icon = icon("pause" if running else "play", "on_accent")
        self._dress_play()

    def _dress_play(self) -> None:
        """On its coloured ground the button needs another icon than the menu; a change of the action takes it away."""
        self._play.setIcon(self._play_icon)

    # -- the run --

    def clear(self) -> None:
        """No run yet."""
        self._say([self.tr("not trained here yet") if self._feed.trained else self.tr("not trained yet")], "")
        self._progress.setValue(0)

    def _say(self, parts: list[str], tip: str) -> None:
        self._numbers.set_parts(parts)
        self._numbers.setToolTip(plain_tooltip(tip))

    def _show_state(self, event: StateChanged) -> None:
        self._device = event.device or self._device
        if event.state == "loading" and event.step == 0:
            self._say([self.tr("loading…")], "")
        elif event.state in ("ready", "failed") and event.step == 0:
            self.clear()

    def _follow_given(self, state: str) -> None:
        """Weights were put in their place, or taken out again."""
        if state == "ready" and self._feed.steps == 0 and self._feed.away is None:
            self.clear()

    def _show_progress(self, event: Progress) -> None:
        parts = [
            self.tr("epoch {0}/{1}").format(format_integer(event.epoch), format_integer(event.epochs)),
            self.tr("step {0}").format(format_integer(event.step)),
        ]
        if event.samples_per_s > 0:
            parts.append(self.tr("{0} samples/s").format(format_count(event.samples_per_s)))
        if event.seconds_left is not None and event.seconds_left >= 1:
            parts.append(self.tr("{0} left").format(format_duration(event.seconds_left)))
        if self._device:
            parts.append(self._device.upper())
        text = " · ".join(parts)
        lines = self.tr("loss {0}\nlearning rate {1}\n{2} steps an epoch").format(
            format_exact(event.loss), format_exact(event.lr), format_integer(event.steps_per_epoch)
        )
        self._say(parts, f"{text}\n{lines}")
        whole = max(1, event.epochs * event.steps_per_epoch)
        self._progress.setValue(min(1000, round(1000 * event.step / whole)))
