"""What the panels say to each other and to the rest of the window: connected as each of them is made."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QObject

from gui.backprop.mode import Backprop
from gui.backprop.why import Why
from gui.canvas.view import CanvasView
from gui.docks import Docks
from gui.file_actions import FileActions
from gui.panel import Panel
from gui.panels import Panels
from gui.run_feed import RunFeed


@final
class PanelLinks(QObject):
    """A click on the decision surface asks the Predict panel about that point, "Why?" takes a step apart, and so on."""

    def __init__(
        self, panels: Panels, files: FileActions, backprop: Backprop, feed: RunFeed, canvas: CanvasView, docks: Docks
    ) -> None:
        super().__init__(docks)
        self._panels, self._files, self._docks = panels, files, docks
        self.why = Why(backprop, feed, canvas, docks, self)
        backprop.panel.weight_picked.connect(self._choose_weight)
        for place in panels.places:
            place.made.connect(self._link)

    def _link(self, panel: Panel) -> None:
        links = {
            "outputPlot": self._link_output,
            "weightCurve": self._link_weight,
            "linkedSpaces": self._link_spaces,
            "gradientPlot": self._link_gradients,
        }
        if panel.name in links:
            links[panel.name](panel)

    def _link_output(self, panel: Panel) -> None:
        from gui.plots.output import OutputPanel

        assert isinstance(panel, OutputPanel)
        panel.point_clicked.connect(self._ask_point)

    def _link_weight(self, panel: Panel) -> None:
        from gui.plots.one_weight import OneWeightPanel

        assert isinstance(panel, OneWeightPanel)
        panel.example_wanted.connect(self._files.open_example)

    def _link_spaces(self, panel: Panel) -> None:
        from gui.plots.linked_spaces import LinkedSpacesPanel

        assert isinstance(panel, LinkedSpacesPanel)
        panel.example_wanted.connect(self._files.open_example)

    def _link_gradients(self, panel: Panel) -> None:
        from gui.plots.gradients import GradientPanel

        assert isinstance(panel, GradientPanel)
        panel.why_wanted.connect(self.why.ask)

    def _ask_point(self, x: float, y: float) -> None:
        from gui.predictions.panel import PredictionPanel

        self._panels.of(PredictionPanel).ask_point(x, y)
        self._docks.show("predictions")

    def _choose_weight(self, name: str, index: tuple[int, ...]) -> None:
        from gui.plots.one_weight import OneWeightPanel

        self._panels.of(OneWeightPanel).choose((name, tuple(index)))
