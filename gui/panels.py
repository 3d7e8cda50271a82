"""The live panels of the bottom dock, in order. Their classes, and what these draw with, are imported when needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, final

from gui.document import Document
from gui.panel import Panel
from gui.panel_place import PanelPlace
from gui.run_feed import RunFeed

P = TypeVar("P", bound=Panel)


def _loss() -> type[Panel]:
    from gui.plots.loss import LossPanel

    return LossPanel


def _gradients() -> type[Panel]:
    from gui.plots.gradients import GradientPanel

    return GradientPanel


def _weights() -> type[Panel]:
    from gui.plots.weights import WeightPanel

    return WeightPanel


def _output() -> type[Panel]:
    from gui.plots.output import OutputPanel

    return OutputPanel


def _predictions() -> type[Panel]:
    from gui.predictions.panel import PredictionPanel

    return PredictionPanel


def _one_weight() -> type[Panel]:
    from gui.plots.one_weight import OneWeightPanel

    return OneWeightPanel


def _landscape() -> type[Panel]:
    from gui.plots.landscape.panel import LandscapePanel

    return LandscapePanel


def _linked_spaces() -> type[Panel]:
    from gui.plots.linked_spaces import LinkedSpacesPanel

    return LinkedSpacesPanel


@final
class Panels:
    """The places of all panels, and each panel by its name, made when it is asked for."""

    def __init__(self, document: Document, feed: RunFeed) -> None:
        kinds = (
            ("lossPlot", True, _loss),
            ("gradientPlot", False, _gradients),
            ("weightPlot", False, _weights),
            ("outputPlot", False, _output),
            ("predictions", False, _predictions),
            ("weightCurve", False, _one_weight),
            ("landscapePlot", False, _landscape),
            ("linkedSpaces", False, _linked_spaces),
        )
        self.places = tuple(PanelPlace(name, keeps, load, document, feed) for name, keeps, load in kinds)

    def __getitem__(self, name: str) -> Panel:
        return next(place.panel for place in self.places if place.name == name)

    def __iter__(self) -> Iterator[Panel]:
        """All of them, made one by one."""
        return (place.panel for place in self.places)

    def of(self, kind: type[P]) -> P:
        """The panel of a kind."""
        panel = self[kind.name]
        assert isinstance(panel, kind)
        return panel
