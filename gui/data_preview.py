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
from gui.document import Document
from gui.format import format_exact, format_integer, format_number
from gui.plot_style import style_plot
from gui.plots.class_colors import class_colors
from gui.plots.pixels import qimage
from gui.run_feed import RunFeed
from gui.theme import set_role, set_tone, theme
from gui.widgets.card import Card
from gui.widgets.empty_state import EmptyState
from gui.widgets.segmented import Segmented

MAX_COLUMNS = 64


@final
class DataPreviewDialog(QDialog):
    """Asks the session for a preview of one Input and shows it when it comes."""

    def __init__(self, node_id: str, document: Document, feed: RunFeed, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dataPreview")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Data of {0}").format(node_id))
        self._node_id = node_id
        self.shown: Previewed | None = None
        self._views = Segmented(
            [("points", self.tr("Points")), ("images", self.tr("Images")), ("table", self.tr("Table"))]
        )
        self._views.changed.connect(self._switch)
        self._pages = QStackedWidget()
        self._loading = EmptyState("wait", self.tr("Reading the data…"))
        self._table = QTableWidget()
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._images = QListWidget()
        self._plot = pg.PlotWidget()
        style_plot(self._plot.getPlotItem())
        for page in (self._loading, self._plot, self._images, self._table):
            self._pages.addWidget(page)
        self._side = QVBoxLayout()
        self._lay_out()
        self.resize(theme().px(860), theme().px(560))
        feed.on(Previewed, self._take)
        self.finished.connect(lambda _: feed.off(Previewed, self._take))
        feed.session.preview(node_id, document.project, feed.next_request())

    def _lay_out(self) -> None:
        self._views.setEnabled(False)
        self._images.setViewMode(QListView.ViewMode.IconMode)
        self._images.setResizeMode(QListView.ResizeMode.Adjust)
        self._images.setMovement(QListView.Movement.Static)
        self._images.setIconSize(QSize(theme().px(56), theme().px(56)))
        self._images.setGridSize(QSize(theme().px(92), theme().px(88)))
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        left = QVBoxLayout()
        left.addWidget(self._views)
        left.addWidget(self._pages, 1)
        right = QWidget()
        right.setFixedWidth(theme().px(250))
        right.setLayout(self._side)
        self._side.setContentsMargins(0, 0, 0, 0)
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
        low, high = float(values.min()), float(values.max())
        pixels = ((values - low) / ((high - low) or 1.0) * 255).astype(np.uint8)
        labels = event.fields.get("y")
        for index, image in enumerate(pixels):
            picture = qimage(image[0] if image.shape[0] == 1 else np.moveaxis(image, 0, -1))
            size = self._images.iconSize()
            label = ""
            if labels is not None and labels.ndim == 1 and event.classes:
                label = event.classes[int(labels[index])]
            scaled = picture.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation)
            self._images.addItem(QListWidgetItem(QIcon(QPixmap.fromImage(scaled)), label))
        return True

    def _fill_points(self, event: Previewed) -> bool:
        if event.points is None:
            return False
        places, targets, split = event.points
        item = self._plot.getPlotItem()
        levels = np.unique(targets)
        few = levels.size <= 10
        colors = class_colors(levels.size) if few else class_colors(2)
        for part, symbol, size in ((0, "o", 6), (1, "d", 7)):
            mask = (split > 0) == bool(part)
            index = np.searchsorted(levels, targets[mask]) if few else (targets[mask] > np.median(targets)).astype(int)
            brushes = [pg.mkBrush(colors[int(i)]) for i in index]
            scatter = pg.ScatterPlotItem(
                x=places[mask, 0], y=places[mask, 1], brush=brushes, pen=None, symbol=symbol, size=size
            )
            item.addItem(scatter)
        names = event.columns if len(event.columns) >= 2 else ("x1", "x2")
        item.setLabel("bottom", names[0])
        item.setLabel("left", names[1])
        return True

    # -- the side --

    def _fill_side(self, event: Previewed) -> None:
        split = Card(title=self.tr("Split"))
        titles = (self.tr("training"), self.tr("validation"), self.tr("test"))
        for title, count in zip(titles, event.counts, strict=True):
            split.body.addLayout(_pair(title, format_integer(count)))
        self._side.addWidget(split)
        if event.class_counts is not None and event.classes:
            self._side.addWidget(self._balance(event))
        if event.scaling:
            scaling = Card(title=self.tr("Scaling, fitted on the training part"))
            for name, mean, std in event.scaling[:8]:
                text = self.tr("mean {0}, σ {1}").format(format_number(mean), format_number(std))
                scaling.body.addLayout(_pair(name, text))
            self._side.addWidget(scaling)
        self._side.addStretch(1)

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
