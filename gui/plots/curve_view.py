"""The fitted curve over one input, with the data."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QVBoxLayout

from engine.events import Snapshot
from engine.snapshots import Curve
from gui.format import format_exact, format_number
from gui.panel import Table
from gui.plot_style import curve_pen
from gui.plots.hover import HoverCard
from gui.plots.key import Entry, Key
from gui.plots.output_view import OutputView
from gui.plots.plot import draw, make_plot, place_at
from gui.theme import theme


@final
class CurveView(OutputView):
    """Data as dots (held-out ones hollow), the network as a line."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Curve | None = None
        self.plot = make_plot(self.tr("Data and network as curves"), self.summary)
        self._item: pg.PlotItem = self.plot.getPlotItem()
        self._item.setLabel("left", "y")
        self._train = pg.ScatterPlotItem(size=6)
        self._held = pg.ScatterPlotItem(size=6)
        self.lines: list[pg.PlotDataItem] = []
        self._item.addItem(self._train)
        self._item.addItem(self._held)
        self._hover = HoverCard(self.plot)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self._key = Key(beside=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._key)
        layout.addWidget(self.plot)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        look = theme()
        self._train.setBrush(QBrush(look.color("secondary")))
        self._train.setPen(None)
        self._held.setBrush(None)
        self._held.setPen(pg.mkPen(look.color("validation"), width=1.5))
        for line in self.lines:
            line.setPen(curve_pen("training", 2.5))

    def clear(self) -> None:
        self._snapshot = None
        for curve in (self._train, self._held, *self.lines):
            curve.clear()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Curve)
        before, self._snapshot = self._snapshot, snapshot
        if before is None or not _same_data(before, snapshot):
            self._draw_points(snapshot)
        outputs = snapshot.y.shape[1]
        while len(self.lines) < outputs:
            self.lines.append(self._item.plot(pen=curve_pen("training", 2.5)))
        for index, line in enumerate(self.lines):
            line.setVisible(index < outputs)
            if index < outputs:
                draw(line, snapshot.x, snapshot.y[:, index])

    def _draw_points(self, snapshot: Curve) -> None:
        targets = snapshot.targets if snapshot.targets.ndim == 1 else snapshot.targets[:, 0]
        train = snapshot.split == 0
        self._train.setData(x=snapshot.points[train], y=targets[train])
        self._held.setData(x=snapshot.points[~train], y=targets[~train])
        entries = [Entry("line", "training", self.tr("network")), Entry("dot", "secondary", self.tr("training"))]
        if not train.all():
            entries.append(Entry("ring", "validation", self.tr("held out")))
        self._key.set_entries(tuple(entries))
        self._item.setLabel("bottom", snapshot.name)
        if targets.size:
            low, high = float(targets.min()), float(targets.max())
            # The network starts anywhere: what is to be fitted sets the frame.
            spread = (high - low) or 1.0
            self._item.setRange(
                xRange=(float(snapshot.x[0]), float(snapshot.x[-1])),
                yRange=(low - 0.1 * spread, high + 0.1 * spread),
                padding=0.02,
            )

    def words_at(self, x: float) -> str:
        """What the network makes of a value."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.x.size:
            return ""
        index = int(np.argmin(np.abs(snapshot.x - x)))
        values = ", ".join(format_exact(float(value)) for value in snapshot.y[index][:4])
        return f"{snapshot.name} {format_number(float(snapshot.x[index]))}\n" + self.tr("network {0}").format(values)

    def summary(self) -> str:
        """What is drawn, in a line."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.x.size:
            return ""
        ends = [format_number(float(snapshot.x[at])) for at in (0, -1)]
        said = [format_number(float(snapshot.y[at, 0])) for at in (0, -1)]
        words = self.tr("{0} samples; over {1} from {2} to {3} the network goes from {4} to {5}")
        return words.format(len(snapshot.points), snapshot.name, *ends, *said)

    def _moved(self, position: QPointF) -> None:
        place = place_at(self._item, position)
        self._hover.show_at(position.toPoint(), "" if place is None else self.words_at(place.x()))

    def table(self) -> Table:
        snapshot = self._snapshot
        if snapshot is None:
            return ["x", "y"], []
        names = ["y"] if snapshot.y.shape[1] == 1 else [f"y{index + 1}" for index in range(snapshot.y.shape[1])]
        rows = zip(snapshot.x, snapshot.y, strict=True)
        return [snapshot.name, *names], ([float(x), *map(float, y)] for x, y in rows)


def _same_data(first: Curve, second: Curve) -> bool:
    return np.array_equal(first.points, second.points) and np.array_equal(first.targets, second.targets)
