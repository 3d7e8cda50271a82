"""What every view of a moment shares: when it fits, and how it is shown."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.moments import Moment, Step, Values
from gui.backprop.inside import Inside
from gui.backprop.symbols import Array, Arrays
from gui.document import Document
from gui.run_feed import RunFeed
from gui.widgets.scroll import VerticalScroll


@final
@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """The moment under the cursor.

    Attributes:
        step, moment: of the step that is walked through.
        phase: `forward`, `loss`, `backward`, `update`; see `gui.backprop.symbols`.
        arrays: tensors of the step by `Values.key`.
        sample: the one sample of the batch that the step is of, from 0; None: of the whole batch.
        inside: the single neuron or weight that the cursor is at; None among the blocks.
    """

    step: Step
    moment: Moment
    phase: str
    arrays: Arrays
    sample: int | None = None
    inside: Inside | None = None

    def array(self, values: Values) -> Array:
        """The numbers of some values."""
        return values.array if values.array is not None else self.arrays[values.key]


class Lens(QWidget):
    """One way to look at a moment: a tab of the backprop panel. Subclasses set `key` and are final.

    A lens asks the session for what is not in the moment (`feed.next_request`, `feed.current_session`, `feed.on`), and
    works only while it is seen.

    Signals:
        weight_picked(str, object): the chain rule of this weight is wanted: `block.parameter`, and its index, a tuple.
        weights_set(): weights were set by hand; the step is to be taken apart anew.
        sample_wanted(object): look at this sample of the batch alone, from 0; None: at the whole batch.
    """

    weight_picked = Signal(str, object)
    weights_set = Signal()
    sample_wanted = Signal(object)
    key = ""

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{self.key}Lens")
        self.document = document
        self.feed = feed

    @final
    def lay_out_page(self, spacing: int = 6) -> QVBoxLayout:
        """An empty column that fills this view and scrolls."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(spacing)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(VerticalScroll(page))
        return column

    @property
    @abstractmethod
    def title(self) -> str:
        """Of its tab, translated."""

    @property
    @abstractmethod
    def purpose(self) -> str:
        """One sentence for the tab's tooltip, translated."""

    @abstractmethod
    def fits(self, shown: Shown) -> bool:
        """Whether it has something to say of this moment. Quick: asked at every move of the cursor."""

    @abstractmethod
    def show_moment(self, shown: Shown) -> None:
        """The cursor came to a moment that fits, or this tab to the front. Takes less than a frame."""

    @abstractmethod
    def drop(self) -> None:
        """Let go of what is shown: the mode was left, or the training runs on."""
