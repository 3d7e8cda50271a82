"""What a surface is asked for: the span in the row above the plot, the rest in a menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from engine.surfaceevents import Span, SurfaceWanted
from engine.weightviews import Entry, entry_text
from gui.document import Document
from gui.icons import icon
from gui.plots.one_weight_names import holds, parameters_of, picks
from gui.plots.toolbar import PlotToolbar
from gui.theme import set_kind, set_role
from gui.widgets.labels import plain_tooltip
from gui.widgets.pick_list import Pick, PickList
from gui.widgets.wrap_row import WrapRow

ZOOMS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
SIDES: Final = (21, 41, 81)
SAMPLES: Final = (500, 1000, 5000, 1_000_000)


@final
class Choices(QObject):
    """Keeps what was chosen, and shows the controls that belong to the span.

    Signals:
        changed(): another surface is wanted.
        log_changed(bool): the colours are to be logarithmic, or no longer.
    """

    changed = Signal()
    log_changed = Signal(bool)

    def __init__(self, document: Document, bar: PlotToolbar, parent: QWidget) -> None:
        super().__init__(parent)
        self._document, self._widget = document, parent
        self._zoom, self._side, self._most, self._seed = 1.0, 41, 1000, 0
        self._entries: list[Entry | None] = [None, None]
        self._list: PickList | None = None
        self._asked = 0
        self.span_box = bar.choice("surfaceSpan", self.tr("What spans the plane"), 152)
        for key, label in self._spans():
            self.span_box.addItem(label, key)
        self.span_box.activated.connect(lambda _: self._span_chosen())
        self.row = QWidget(parent)
        """The two weights, below the bar."""
        pair = WrapRow(4)
        self.row.setLayout(pair)
        self.weights = tuple(self._weight_button(number, bar) for number in (0, 1))
        for button in self.weights:
            pair.addWidget(button)
        self.again = self._small(bar, "seed", self.tr("Draw two other directions"), self._draw_again)
        bar.left.addWidget(self.again)
        self.log = QAction(self.tr("Logarithmic colours"), self)
        self.log.setCheckable(True)
        self.log.toggled.connect(self.log_changed)
        self._add_menu(bar)
        self._show()

    def _spans(self) -> tuple[tuple[Span, str], ...]:
        return (
            ("weights", self.tr("Two weights")),
            ("random", self.tr("Random directions")),
            ("path", self.tr("Path of training")),
        )

    # -- what is wanted --

    @property
    def span(self) -> Span:
        """Of the plane."""
        found: Span = self.span_box.currentData()
        return found

    def wanted(self) -> SurfaceWanted:
        """The question as chosen; weights that the network no longer has are left to the session."""
        first, second = self._entries
        entries = None
        result = self._document.result
        if first is not None and second is not None and holds(result, first) and holds(result, second):
            entries = (first, second)
        return SurfaceWanted(self.span, entries, self._seed, self._zoom, self._side, self._most)

    def set_entries(self, entries: tuple[Entry, Entry]) -> None:
        """Show which weights were taken."""
        self._entries = list(entries)
        self._show()

    def forget(self) -> None:
        """Another document: any weights."""
        self._entries = [None, None]
        self._show()

    # -- controls --

    def _small(self, bar: PlotToolbar, icon_name: str, tip: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton(bar)
        button.setIcon(icon(icon_name, "secondary"))
        button.setToolTip(plain_tooltip(tip))
        button.setAccessibleName(tip)
        set_kind(button, "small")
        button.clicked.connect(lambda _=False: act())
        return button

    def _weight_button(self, number: int, bar: PlotToolbar) -> QToolButton:
        tip = self.tr("The weight to the right") if number == 0 else self.tr("The weight upwards")
        button = self._small(bar, "search", tip, lambda: self._open_list(number))
        button.setObjectName(f"surfaceWeight{number}")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        set_role(button, "mono_caption")
        return button

    def _show(self) -> None:
        for button, entry, axis in zip(self.weights, self._entries, "xy", strict=True):
            button.setText(f"{axis}: " + (self.tr("any") if entry is None else entry_text(entry)))
        self.row.setVisible(self.span == "weights")
        self.again.setVisible(self.span == "random")

    def _span_chosen(self) -> None:
        self._show()
        self.changed.emit()

    def _draw_again(self) -> None:
        self._seed += 1
        self.changed.emit()

    def _open_list(self, number: int) -> None:
        window = self._widget.window()
        if self._list is None or self._list.parent() is not window:
            self._list = PickList(self.tr("Which weight? weight[0, 3]"), self.tr("No such weight."), window)
            self._list.chosen.connect(self._picked)
        self._asked = number
        button = self.weights[number]
        below = button.mapTo(window, QPoint(0, button.height() + 4))
        self._list.open(self._found, 360, 9, below)

    def _found(self, text: str) -> Sequence[Pick]:
        """Only what is trained: the path leads nowhere else."""
        result = self._document.result
        trained = {each.name for each in parameters_of(result) if each.trained}
        listed = picks(result, text, self._entries[self._asked], "")
        return [pick for pick in listed if isinstance(pick.data, tuple) and pick.data[0] in trained]

    def _picked(self, pick: Pick) -> None:
        assert isinstance(pick.data, tuple)
        entry: Entry = pick.data
        other = 1 - self._asked
        if self._entries[other] == entry:  # the two change places
            self._entries[other] = self._entries[self._asked]
        self._entries[self._asked] = entry
        if self._entries[other] is None:
            names = [each.first for each in parameters_of(self._document.result) if each.trained]
            self._entries[other] = next((name for name in names if name != entry), None)
        self._show()
        self.changed.emit()

    # -- the menu --

    def _add_menu(self, bar: PlotToolbar) -> None:
        button = bar.button("settings", self.tr("Range, resolution, samples, colours"), lambda: None)
        button.setObjectName("surfaceSettings")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        self._group(menu, self.tr("Range"), [(zoom, self._zoom_name(zoom)) for zoom in ZOOMS], "_zoom")
        sides = [(side, self.tr("{0} × {0} points").format(side)) for side in SIDES]
        self._group(menu, self.tr("Resolution"), sides, "_side")
        samples = [(most, self._samples_name(most)) for most in SAMPLES]
        self._group(menu, self.tr("Training samples"), samples, "_most")
        menu.addSeparator()
        menu.addAction(self.log)
        button.setMenu(menu)

    def _zoom_name(self, zoom: float) -> str:
        return self.tr("As large as the path needs") if zoom == 1 else self.tr("{0} times that").format(f"{zoom:g}")

    def _samples_name(self, most: int) -> str:
        return self.tr("All") if most == SAMPLES[-1] else self.tr("{0} at most").format(f"{most:,}")

    def _group(self, menu: QMenu, title: str, options: Sequence[tuple[float, str]], name: str) -> None:
        sub = menu.addMenu(title)
        group = QActionGroup(sub)
        for value, label in options:
            action = sub.addAction(label)
            action.setCheckable(True)
            action.setChecked(value == getattr(self, name))
            action.triggered.connect(lambda _=False, value=value: self._choose(name, value))
            group.addAction(action)

    def _choose(self, name: str, value: float) -> None:
        if value != getattr(self, name):
            setattr(self, name, value)
            self.changed.emit()
