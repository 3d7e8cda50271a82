"""What the live panels are called and what they are for, known before any of them is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from PySide6.QtCore import QCoreApplication

from gui.widgets.empty_state import EmptyState


def _tr(text: str) -> str:
    return QCoreApplication.translate("Panels", text)


@final
@dataclass(frozen=True, slots=True)
class PanelWords:
    """Of one panel, translated.

    Attributes:
        title: of its dock.
        icon, head, purpose: what an empty state shows in its place until something is trained. Without a head, the
            panel has more to show or to offer than that, and is made when it is first looked at.
    """

    title: str
    icon: str = ""
    head: str = ""
    purpose: str = ""

    def empty_state(self) -> EmptyState:
        """What is shown until something is trained."""
        return EmptyState(self.icon, self.head, self.purpose)


def words_of(name: str) -> PanelWords:
    """The words of the panel with that object name."""
    words = {
        "lossPlot": PanelWords(
            _tr("Loss"),
            "chart",
            _tr("Loss and metrics"),
            _tr("Press Play: the loss of every step is drawn here, on training and validation data."),
        ),
        "gradientPlot": PanelWords(
            _tr("Gradients"),
            "gradient",
            _tr("Gradients"),
            _tr(
                "While it trains: how much of the error reaches each layer. Pale bars learn next to nothing; "
                "click one to see why."
            ),
        ),
        "weightPlot": PanelWords(
            _tr("Weights"),
            "histogram",
            _tr("Weights"),
            _tr("While it trains: how the weights of each layer spread, and which units have died."),
        ),
        "outputPlot": PanelWords(
            _tr("Output"),
            "output",
            _tr("Output"),
            _tr("While it trains: what the network makes of the data, as a surface, a curve or a grid of images."),
        ),
        "predictions": PanelWords(_tr("Predict")),
        "weightCurve": PanelWords(_tr("One weight")),
        "landscapePlot": PanelWords(_tr("Loss surface")),
        "linkedSpaces": PanelWords(_tr("Linked spaces")),
    }
    return words[name]
