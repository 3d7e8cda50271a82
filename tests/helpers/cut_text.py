"""Finds text that a person cannot read whole: cut by its widget, elided, clipped by a parent, or written over.

Nothing is guessed from sizes: every widget is painted once more, onto a device that draws nothing and notes each piece
of text with the place of its ink and the clip in force. So styles, delegates, plots and painting code of our own are
all seen the way they are drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPaintDevice, QPaintEngine, QPaintEngineState, QPainter, QRegion, QTextItem
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QStackedLayout,
    QTabBar,
    QTextEdit,
    QWidget,
)

SLACK: Final = 1.0
"""Pixels that ink may lie beyond: antialiasing, and a side bearing."""
REST: Final = 20.0
"""Seconds after which what is cut is taken to stay so."""
_DOTS: Final = "…"
_METRIC = QPaintDevice.PaintDeviceMetric


@final
@dataclass(frozen=True, slots=True)
class Ink:
    """One piece of text as drawn: where its ink is, and where anything may be drawn at all."""

    text: str
    place: QRectF
    clip: QRectF

    @property
    def cut(self) -> bool:
        """Whether part of the ink is not seen."""
        return not self.clip.adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(self.place)


@final
class _Engine(QPaintEngine):
    """Takes text down and lets all else go."""

    def __init__(self) -> None:
        super().__init__(QPaintEngine.PaintEngineFeature.AllFeatures)
        self.found: list[Ink] = []

    def begin(self, pdev: QPaintDevice) -> bool:
        self.setActive(True)
        return True

    def end(self) -> bool:
        self.setActive(False)
        return True

    def type(self) -> QPaintEngine.Type:
        return QPaintEngine.Type.User

    def drawTextItem(self, p: Any, textItem: QTextItem) -> None:
        text = textItem.text()
        if not text.strip():
            return
        painter = self.painter()
        onto = painter.deviceTransform()
        ink = QFontMetricsF(textItem.font()).tightBoundingRect(text).translated(p)
        clip = QRectF(self.systemClip().boundingRect())
        if clip.isNull():
            device = self.paintDevice()
            clip = QRectF(0, 0, device.width(), device.height())
        if painter.hasClipping():
            clip = clip.intersected(onto.mapRect(painter.clipBoundingRect()))
        self.found.append(Ink(text, onto.mapRect(ink), clip))

    def updateState(self, state: QPaintEngineState) -> None:
        """The painter knows its state; nothing is kept."""

    def _let_go(self, *_: object) -> None:
        """Not text."""


for _name in ("Pixmap", "Image", "TiledPixmap", "Path", "Polygon", "Rects", "Lines", "Ellipse", "Points"):
    setattr(_Engine, f"draw{_name}", _Engine._let_go)


@final
class Paper(QPaintDevice):
    """What text is taken down from."""

    def __init__(self, size: QSize) -> None:
        super().__init__()
        self._size, self._engine = size, _Engine()

    @property
    def found(self) -> list[Ink]:
        """All text drawn so far."""
        return self._engine.found

    def paintEngine(self) -> QPaintEngine:
        return self._engine

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        known = {
            _METRIC.PdmWidth: self._size.width(),
            _METRIC.PdmHeight: self._size.height(),
            _METRIC.PdmWidthMM: 300,
            _METRIC.PdmHeightMM: 200,
            _METRIC.PdmDepth: 32,
            _METRIC.PdmNumColors: 1 << 24,
            _METRIC.PdmDevicePixelRatio: 1,
            _METRIC.PdmDevicePixelRatioScaled: 1 << 16,
        }
        return known.get(metric, 96)


def drawn(size: QSize, paint: Callable[[QPainter], object]) -> list[Ink]:
    """The text that painting code draws on a surface of that size."""
    paper = Paper(size)
    painter = QPainter(paper)
    try:
        paint(painter)
    finally:
        painter.end()
    return paper.found


def drawn_by(widget: QWidget) -> list[Ink]:
    """The text that a widget draws itself, without its children."""
    alone = QWidget.RenderFlag(0)
    return drawn(widget.size(), lambda painter: QWidget.render(widget, painter, QPoint(), QRegion(), alone))


# -- a whole window --


def faults(window: QWidget, *, skip: Iterable[QWidget] = ()) -> list[str]:
    """One line for each text of a window that is cut, elided or written over, and each widget its parent clips.

    Args:
        window: shown.
        skip: widgets not looked at, with all that is in them.
    """
    found: list[str] = []
    inks: list[tuple[QWidget, Ink]] = []
    for widget in _seen(window, set(skip)):
        found += _faults_of_place(window, widget)
        if isinstance(widget, QPlainTextEdit | QTextEdit | QLineEdit) or _scrolls(widget):
            continue
        texts = drawn_by(widget)
        found += _faults_of_text(widget, texts)
        view = _view_of(widget)
        origin, seen = QPointF(widget.mapTo(window, QPoint())), QRectF(_part_in_view(window, widget))
        if not isinstance(view, QAbstractItemView):
            shown = (Ink(ink.text, ink.place.translated(origin).intersected(seen), seen) for ink in texts)
            inks += [(widget, ink) for ink in shown if ink.place.isValid()]
    return found + _overlaps(inks)


def lasting_faults(*widgets: QWidget, about: str = "") -> list[str]:
    """What stays cut when the layouts have come to rest; of the window's, those that name something, if told.

    Formulas are set in other threads, and each that arrives asks for another round of layouts.
    """
    end = time.monotonic() + REST
    while True:
        QApplication.processEvents()
        found = [fault for widget in widgets for fault in faults(widget) if about in str(fault).lower()]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.01)


def _seen(widget: QWidget, skip: set[QWidget]) -> Iterator[QWidget]:
    """A widget and all in it that somebody can see, tabs in front only."""
    if widget in skip or not widget.isVisible() or widget.size().isEmpty():
        return
    if not _in_scroll_area(widget) and widget.visibleRegion().isEmpty():
        return
    yield widget
    for child in widget.children():
        if isinstance(child, QWidget) and not child.isWindow():
            yield from _seen(child, skip)


def _view_of(widget: QWidget) -> QAbstractScrollArea | None:
    """The scroll area whose viewport this is."""
    parent = widget.parentWidget()
    return parent if isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget else None


def _scrolls(widget: QWidget) -> bool:
    """Whether texts beyond the edge are scrolled to: in fields of many lines."""
    return isinstance(_view_of(widget), QPlainTextEdit | QTextEdit)


def _in_scroll_area(widget: QWidget) -> bool:
    parent: QWidget | None = widget
    while parent is not None and not parent.isWindow():
        view = _view_of(parent)
        if view is not None and parent is not widget:
            return True
        parent = parent.parentWidget()
    return False


def _part_in_view(window: QWidget, widget: QWidget) -> QRect:
    """What of a widget its parents leave to be seen, in the window's coordinates."""
    room = window.rect()
    at: QWidget | None = widget
    while at is not None and at is not window:
        room = room.intersected(QRect(at.mapTo(window, QPoint()), at.size()))
        at = at.parentWidget()
    return room


def name_of(widget: QWidget) -> str:
    """Its class and name, and those of the nearest parent with a name."""
    names: list[str] = []
    at: QWidget | None = widget
    while at is not None and (at is widget or not at.isWindow()) and len(names) < 2:
        if at is widget or at.objectName():
            names.append(f"{type(at).__name__} {at.objectName()}".strip())
        at = at.parentWidget()
    return " in ".join(names) or type(widget).__name__


def _words(rect: QRectF) -> str:
    return f"({rect.left():.0f}, {rect.top():.0f}) to ({rect.right():.0f}, {rect.bottom():.0f})"


def _faults_of_text(widget: QWidget, texts: list[Ink]) -> list[str]:
    found = []
    rows = isinstance(_view_of(widget), QAbstractItemView)
    for ink in texts:
        place = ink.place
        if rows:  # they are scrolled to; what is wider than the list is cut all the same
            if not ink.clip.isValid():
                continue
            place = QRectF(place.left(), ink.clip.top(), place.width(), ink.clip.height())
        if Ink(ink.text, place, ink.clip).cut:
            found.append(f"{name_of(widget)}: {ink.text!r} is cut: ink {_words(ink.place)}, room {_words(ink.clip)}")
        if _DOTS in ink.text and not rows and not _may_elide(widget):
            found.append(f"{name_of(widget)}: {ink.text!r} is elided")
    return found


def _may_elide(widget: QWidget) -> bool:
    """Only if the dots are its own; and choices, whose list says the whole."""
    if isinstance(widget, QAbstractButton | QLabel):
        return _DOTS in widget.text()
    if isinstance(widget, QComboBox):
        return True
    if isinstance(widget, QTabBar):
        return any(_DOTS in widget.tabText(index) for index in range(widget.count()))
    return False


def _faults_of_place(window: QWidget, widget: QWidget) -> list[str]:
    found = []
    parent = widget.parentWidget()
    view = _view_of(parent) if parent is not None else None
    never = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    if view is not None and view.horizontalScrollBarPolicy() == never and widget.width() > view.viewport().width() + 1:
        found.append(
            f"{name_of(widget)}: {widget.width()} wide in {view.viewport().width()}, and does not scroll sideways"
        )
    drawn_by_qt = widget.objectName().startswith("qt_qmainwindow")  # the line between docks that is being dragged
    if widget is not window and parent is not None and view is None and not drawn_by_qt:
        inside = parent.rect().adjusted(-1, -1, 1, 1)
        if not inside.contains(widget.geometry()):
            found.append(f"{name_of(widget)}: {widget.geometry()} is clipped by its parent's {parent.size()}")
    for one, other in combinations(_side_by_side(widget), 2):
        common = one.geometry().intersected(other.geometry())
        if common.width() > 1 and common.height() > 1:
            found.append(f"{name_of(one)} and {name_of(other)} lie on each other: {common}")
    return found


def _side_by_side(widget: QWidget) -> list[QWidget]:
    """The children a layout has put beside each other."""
    layout = widget.layout()
    if layout is None or isinstance(layout, QStackedLayout) or isinstance(widget, QMainWindow | QGraphicsView):
        return []
    children = (child for child in widget.children() if isinstance(child, QWidget))
    return [
        child for child in children if child.isVisible() and layout.indexOf(child) >= 0 and not child.size().isEmpty()
    ]


def _overlaps(inks: list[tuple[QWidget, Ink]]) -> list[str]:
    """Texts written over each other."""
    found = []
    for (one, ink), (other, over) in combinations(inks, 2):
        common = ink.place.intersected(over.place)
        if common.width() > 2 * SLACK and common.height() > 2 * SLACK:
            found.append(f"{ink.text!r} of {name_of(one)} is written over {over.text!r} of {name_of(other)}")
    return found
