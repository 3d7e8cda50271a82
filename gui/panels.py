"""The live panels of the bottom dock, in order."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gui.document import Document
from gui.panel import Panel
from gui.plots.gradients import GradientPanel
from gui.plots.landscape.panel import LandscapePanel
from gui.plots.linked_spaces import LinkedSpacesPanel
from gui.plots.loss import LossPanel
from gui.plots.one_weight import OneWeightPanel
from gui.plots.output import OutputPanel
from gui.plots.weights import WeightPanel
from gui.predictions.panel import PredictionPanel
from gui.run_feed import RunFeed


def make_panels(document: Document, feed: RunFeed, parent: QWidget) -> tuple[Panel, ...]:
    """One of each."""
    kinds: tuple[type[Panel], ...] = (
        LossPanel,
        GradientPanel,
        WeightPanel,
        OutputPanel,
        PredictionPanel,
        OneWeightPanel,
        LandscapePanel,
        LinkedSpacesPanel,
    )
    return tuple(kind(document, feed, parent) for kind in kinds)
