"""What the network makes of its inputs: the picture that fits the data, and the confusion matrix."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from engine.events import Applied, Snapshot
from engine.snapshots import Confusion, Curve, Fit, ImageGrid, Surface
from gui.document import Document
from gui.panel import Panel, Table
from gui.plots.confusion_view import ConfusionView
from gui.plots.curve_view import CurveView
from gui.plots.fit_view import FitView
from gui.plots.image_view import ImageGridView
from gui.plots.output_view import OutputView
from gui.plots.surface_view import SurfaceView
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.widgets.segmented import Segmented

VIEWS: tuple[tuple[type[Snapshot], type[OutputView]], ...] = (
    (Surface, SurfaceView),
    (Curve, CurveView),
    (ImageGrid, ImageGridView),
    (Fit, FitView),
)
"""Which picture goes with which snapshot; the session sends the one that fits the data."""


@final
class OutputPanel(Panel):
    """Two inputs: decision surface; one: fitted curve; images: a grid; numbers: predicted against true.

    Signals:
        point_clicked(float, float): a point of the plane, in data units, that the user wants to know about.
    """

    point_clicked = Signal(float, float)

    name = "outputPlot"
    icon_name = "output"
    lanes = frozenset({"Surface", "Curve", "ImageGrid", "Fit", "Confusion"})

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.latest: dict[type[Snapshot], Snapshot] = {}
        self._fresh: set[type[Snapshot]] = set()
        self.views: dict[type[Snapshot], OutputView] = {kind: view() for kind, view in VIEWS}
        self.views[Confusion] = ConfusionView()
        surface = self.views[Surface]
        assert isinstance(surface, SurfaceView)
        surface.clicked.connect(self.point_clicked)
        self._pictures = QStackedWidget()
        for view in self.views.values():
            self._pictures.addWidget(view)
        self.view = Segmented([("picture", self.tr("Output")), ("confusion", self.tr("Confusion"))])
        self.view.setAccessibleName(self.tr("What is shown"))
        self.view.changed.connect(lambda _: self._show())
        self._lay_out()
        for kind in self.views:
            feed.on(kind, self._take)
        feed.on(Applied, self._forget)
        feed.draw_in_turn(self.refresh)
        feed.session_changed.connect(self.clear)
        feed.restarted.connect(self.clear)

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        bar.left.addWidget(self.view)
        self.build(self.waiting(), bar, self._pictures)

    # -- receiving --

    def clear(self) -> None:
        """Another run."""
        self.latest.clear()
        self._fresh.clear()
        for view in self.views.values():
            view.clear()
        self.set_filled(False)

    def _take(self, event: Snapshot) -> None:
        kind = type(event)
        if kind is not Confusion:  # other data have another picture
            for other in [other for other in self.latest if other not in (kind, Confusion)]:
                del self.latest[other]
                self._fresh.discard(other)
        self.latest[kind] = event
        self._fresh.add(kind)

    def _forget(self, _: Applied) -> None:
        """What is shown stays until the edited network has something to show."""
        self.latest.clear()
        self._fresh.clear()

    # -- drawing --

    @property
    def shown(self) -> type[Snapshot] | None:
        """The kind of picture now in view."""
        picture = next((kind for kind, _ in VIEWS if kind in self.latest), None)
        if Confusion in self.latest and (self.view.value() == "confusion" or picture is None):
            return Confusion
        return picture

    def refresh(self) -> bool:
        return bool(self._fresh) and self.seen and self._show()

    def _show(self) -> bool:
        kind = self.shown
        if kind is None:
            return False
        self.set_filled(True)
        self.view.setVisible(Confusion in self.latest and len(self.latest) > 1)
        view = self.views[kind]
        view.show_snapshot(self.latest[kind])
        self._pictures.setCurrentWidget(view)
        self._fresh.clear()
        return True

    # -- taking away --

    def picture(self) -> QWidget:
        return self._pictures.currentWidget() or self

    def table(self) -> Table:
        kind = self.shown
        return (["nothing"], []) if kind is None else self.views[kind].table()
