"""What the live panels are called and what they are for, known before any of them is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from PySide6.QtCore import QCoreApplication

from engine.result import Result
from gui.away import Away
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
        away: the same while a run elsewhere is watched; what such a run does not tell, and what can be done.
        no_data: the same for a network that computes from its own values alone.
        by_weights: whether the run's weights, once they were fetched, have something to show there.
        loaded: what there is to be said, and done (`Away.walk`), where even then nothing is drawn.
    """

    title: str
    icon: str = ""
    head: str = ""
    purpose: str = ""
    away: str = ""
    by_weights: bool = False
    no_data: str = ""
    loaded: str = ""

    def empty_state(self) -> EmptyState:
        """What is shown until something is trained."""
        return EmptyState(self.icon, self.head, self.purpose)

    def fit(self, empty: EmptyState, result: Result, away: Away | None) -> None:
        """Let an empty state say what holds for this network, and for a run elsewhere."""
        if away is not None and self.away:
            still = away.step and self.loaded
            empty.set_text(self.head, self.loaded if still else self.away)
            if still:
                empty.set_action((_tr("Take a step apart"), away.walk))
            else:
                empty.set_action((_tr("Load its weights"), away.load) if self.by_weights and not away.step else None)
            return
        dataless = self.no_data and result.trainable and not result.inputs
        empty.set_text(self.head, self.no_data if dataless else self.purpose)
        empty.set_action(None)


def words_of(name: str) -> PanelWords:
    """The words of the panel with that object name."""
    words = {
        "lossPlot": PanelWords(
            _tr("Loss"),
            "chart",
            _tr("Loss and metrics"),
            _tr("Press Play: the loss of every step is drawn here, on training and validation data."),
            _tr("The loss of each epoch is drawn here as soon as the watched run has told one."),
        ),
        "gradientPlot": PanelWords(
            _tr("Gradients"),
            "gradient",
            _tr("Gradients"),
            _tr(
                "While it trains: how much of the error reaches each layer. Pale bars learn next to nothing; "
                "click one to see why."
            ),
            _tr(
                "A run elsewhere keeps no gradients: its records hold losses and metrics alone. With the weights it "
                "saved last, a step taken apart here shows the gradient of every layer."
            ),
            True,
            loaded=_tr(
                "A run elsewhere keeps no gradients: its records hold losses and metrics alone. Its weights are "
                "loaded: a step taken apart shows the gradient of every layer."
            ),
        ),
        "weightPlot": PanelWords(
            _tr("Weights"),
            "histogram",
            _tr("Weights"),
            _tr("While it trains: how the weights of each layer spread, and which units have died."),
            _tr("A run elsewhere tells nothing of its weights until they are loaded: those it saved last are shown."),
            True,
        ),
        "outputPlot": PanelWords(
            _tr("Output"),
            "output",
            _tr("Output"),
            _tr("While it trains: what the network makes of the data, as a surface, a curve or a grid of images."),
            _tr("A run elsewhere tells no outputs. With the weights it saved last, they are computed here."),
            True,
            _tr(
                "This network computes without data, so there are no outputs to compare with anything. Loss, "
                "One weight and Loss surface show how its values move."
            ),
        ),
        "predictions": PanelWords(_tr("Predict")),
        "weightCurve": PanelWords(_tr("One weight")),
        "landscapePlot": PanelWords(_tr("Loss surface")),
        "linkedSpaces": PanelWords(_tr("Linked spaces")),
    }
    return words[name]
