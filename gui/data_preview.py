"""A look at the data before training: table, images or scatter; classes, split and scaling."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.events import Array, Previewed
from gui.colormaps import Rgb, colorize, diverging
from gui.document import Document
from gui.format import format_exact, format_integer, format_number
from gui.plots.class_colors import class_table
from gui.plots.key import Entry, Key
from gui.plots.pixels import as_bytes, qimage
from gui.plots.plot import make_plot
from gui.run_feed import RunFeed
from gui.theme import set_role, set_tone, theme
from gui.widgets.card import Card
from gui.widgets.empty_state import EmptyState
from gui.widgets.scroll import VerticalScroll
from gui.widgets.segmented import Segmented

MAX_COLUMNS = 64
MOST_LEVELS = 10
"""More different targets than that are numbers, not classes."""


@final
class DataPreviewDialog(QDialog):
    """Asks the session for a preview of one Input and shows it when it comes."""

    def __init__(self, node_id: str, document: Document, feed: RunFeed, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dataPreview")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Data preview: {0}").format(node_id))
        self._node_id, self._feed = node_id, feed
        self.shown: Previewed | None = None
        self._views = Segmented(
            [("points", self.tr("Points")), ("images", self.tr("Images")), ("table", self.tr("Table"))]
        )
        self._views.setAccessibleName(self.tr("How the data are shown"))
        self._views.changed.connect(self._switch)
        self._pages = QStackedWidget()
        self._loading = EmptyState("wait", self.tr("Reading the data…"))
        self._table = QTableWidget()
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._images = QListWidget()
        self._plot = make_plot(self.tr("Samples as points"), self.summary)
        for page in (self._loading, self._plot, self._images, self._table):
            self._pages.addWidget(page)
        self._side = QVBoxLayout()
        self._lay_out()
        self.resize(theme().px(860), theme().px(560))
        feed.on(Previewed, self._take)
        feed.session_changed.connect(self.reject)  # another document: nobody will answer
        self.finished.connect(self._ended)
        feed.session.preview(node_id, document.project, feed.next_request())

    def _ended(self) -> None:
        self._feed.session_changed.disconnect(self.reject)
        self._feed.off(Previewed, self._take)

    def _lay_out(self) -> None:
        self._views.setEnabled(False)
        self._images.setViewMode(QListView.ViewMode.IconMode)
        self._images.setResizeMode(QListView.ResizeMode.Adjust)
        self._images.setMovement(QListView.Movement.Static)
        self._images.setIconSize(QSize(theme().px(56), theme().px(56)))
        self._images.setUniformItemSizes(True)
        self._images.setSpacing(4)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        left = QVBoxLayout()
        left.addWidget(self._views)
        left.addWidget(self._pages, 1)
        inner = QWidget()
        inner.setLayout(self._side)
        right = VerticalScroll(inner)
        right.setFixedWidth(theme().px(250) + right.verticalScrollBar().sizeHint().width())
        self._side.setContentsMargins(0, 0, 4, 0)
        self._side.setSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addWidget(right)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(row, 1)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)

    def _take(self, event: Previewed) -> None:
        if event.node != self._node_id or self.shown is not None:
            return
        self.shown = event
        if event.error:
            self._loading.set_text(self.tr("The data could not be read"), event.error)
            return
        self._fill_table(event)
        images = self._fill_images(event)
        points = self._fill_points(event)
        self._fill_side(event)
        self._views.setEnabled(True)
        self._views.setVisible(points or images)  # the table alone is no choice
        self._views.button("points").setVisible(points)
        self._views.button("images").setVisible(images)
        view = "points" if points else "images" if images else "table"
        self._views.set_value(view)
        self._switch(view)

    def _switch(self, view: str) -> None:
        self._pages.setCurrentWidget({"points": self._plot, "images": self._images, "table": self._table}[view])

    # -- pages --

    def _fill_table(self, event: Previewed) -> None:
        columns: list[tuple[str, Array]] = []
        for name, values in (event.raw or event.fields).items():
            flat = np.asarray(values).reshape(len(values), -1)
            names = event.columns if name == "x" and len(event.columns) == flat.shape[1] else ()
            for index in range(min(flat.shape[1], MAX_COLUMNS)):
                title = names[index] if names else name if flat.shape[1] == 1 else f"{name}[{index}]"
                columns.append((title, flat[:, index]))
        self._table.setColumnCount(len(columns))
        self._table.setRowCount(len(columns[0][1]) if columns else 0)
        self._table.setHorizontalHeaderLabels([title for title, _ in columns])
        for column, (title, values) in enumerate(columns):
            named = event.classes if title == "y" else ()
            for row, value in enumerate(values):
                number = float(value)
                known = named and number.is_integer() and 0 <= number < len(named)
                item = QTableWidgetItem(named[int(number)] if known else format_number(number))
                item.setToolTip(format_exact(number))
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self._table.setItem(row, column, item)
        self._table.resizeColumnsToContents()

    def _fill_images(self, event: Previewed) -> bool:
        values = (event.raw or event.fields).get("x")
        if values is None or values.ndim != 4 or values.shape[1] not in (1, 3):
            return False
        labels = event.fields.get("y")
        size = self._images.iconSize()
        for index, image in enumerate(as_bytes(values)):
            picture = qimage(image)
            label = ""
            if labels is not None and labels.ndim == 1 and event.classes:
                label = event.classes[int(labels[index])]
            scaled = picture.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation)
            item = QListWidgetItem(QIcon(QPixmap.fromImage(scaled)), label)
            item.setSizeHint(QSize(theme().px(92), theme().px(84)))
            self._images.addItem(item)
        return True

    def _fill_points(self, event: Previewed) -> bool:
        if event.points is None:
            return False
        places, targets, split = event.points
        item = self._plot.getPlotItem()
        colors = target_colors(targets)
        for part, symbol, size in ((0, "o", 6), (1, "d", 8)):
            index = np.flatnonzero((split > 0) == bool(part))
            brushes = [pg.mkBrush(*colors[place].tolist()) for place in index]
            item.addItem(
                pg.ScatterPlotItem(
                    x=places[index, 0], y=places[index, 1], brush=brushes, pen=None, symbol=symbol, size=size
                )
            )
        names = event.columns if len(event.columns) >= 2 else ("x1", "x2")
        spread = np.ptp(places, axis=0)
        item.setAspectLocked(bool(spread.min() > 0.3 * spread.max()))
        item.setLabel("bottom", names[0])
        item.setLabel("left", names[1])
        return True

    def summary(self) -> str:
        """How many points there are and where, in a line."""
        if self.shown is None or self.shown.points is None:
            return ""
        places, _, split = self.shown.points
        names = self.shown.columns if len(self.shown.columns) >= 2 else ("x1", "x2")
        ends = [
            f"{name} {format_number(float(line.min()))} … {format_number(float(line.max()))}"
            for name, line in zip(names, places.T, strict=False)
        ]
        held = self.tr("{0} points, {1} of them held out").format(len(places), int(np.count_nonzero(split)))
        return ", ".join([held, *ends])

    # -- the side --

    def _fill_side(self, event: Previewed) -> None:
        split = Card(title=self.tr("Split"))
        titles = (self.tr("training"), self.tr("validation"), self.tr("test"))
        for title, count in zip(titles, event.counts, strict=True):
            split.body.addLayout(_pair(title, format_integer(count)))
        self._side.addWidget(split)
        if event.points is not None:
            self._side.addWidget(self._key(event.points[1], event.classes))
        if event.class_counts is not None and event.classes:
            self._side.addWidget(self._balance(event))
        if event.scaling:
            scaling = Card(title=self.tr("Scaling, fitted on the training part"))
            for name, mean, std in event.scaling[:8]:
                text = self.tr("mean {0}, σ {1}").format(format_number(mean), format_number(std))
                scaling.body.addLayout(_pair(name, text))
            self._side.addWidget(scaling)
        self._side.addStretch(1)

    def _key(self, targets: Array, classes: tuple[str, ...]) -> Card:
        """What the points' shapes and colours mean."""
        card = Card(title=self.tr("Points"))
        entries = [Entry("dot", "secondary", self.tr("training")), Entry("diamond", "secondary", self.tr("held out"))]
        levels = np.unique(targets)
        if levels.size <= MOST_LEVELS:
            names = classes if len(classes) == levels.size else [format_number(float(level)) for level in levels]
            colors = [bytes(color).hex() for color in class_table(levels.size)]
            entries += [Entry("square", f"#{color}", name) for color, name in zip(colors, names, strict=True)]
        card.body.addWidget(Key(tuple(entries)))
        return card

    def _balance(self, event: Previewed) -> Card:
        assert event.class_counts is not None
        card = Card(title=self.tr("Classes in the training part"))
        counts = event.class_counts[0]
        for name, count in list(zip(event.classes, counts, strict=True))[:12]:
            card.body.addLayout(_pair(name, format_integer(int(count))))
            bar = QProgressBar()
            bar.setTextVisible(False)
            bar.setRange(0, max(1, int(counts.max())))
            bar.setValue(int(count))
            bar.setFixedHeight(theme().px(4))
            card.body.addWidget(bar)
        return card


def target_colors(targets: Array) -> Rgb:
    """A colour for each target, shape `(n, 3)`: of its class, or from orange (least) to blue (greatest)."""
    levels, index = np.unique(targets, return_inverse=True)
    if levels.size <= MOST_LEVELS:
        return class_table(levels.size)[index]
    middle, reach = float(levels[0] + levels[-1]) / 2, float(levels[-1] - levels[0]) / 2
    return colorize(targets - middle, diverging(theme().palette), -reach, reach)


def _pair(name: str, value: str) -> QHBoxLayout:
    row = QHBoxLayout()
    left, right = QLabel(name), QLabel(value)
    for label in (left, right):
        label.setTextFormat(Qt.TextFormat.PlainText)
    set_tone(left, "secondary")
    set_role(right, "mono")
    row.addWidget(left, 1)
    row.addWidget(right, 0)
    return row
