"""Chooses one number of one parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.moments import Step, Update
from gui.theme import theme
from gui.widgets.counter import Counter
from gui.widgets.labels import plain_tooltip, text_label

Weight = tuple[str, tuple[int, ...]]
"""`block.parameter`, and the index of a number in it, from 0."""
_MOST_AXES: Final = 5
_BESIDE: Final = 2
"""Fields beside the list; more of them stand below."""


@final
class WeightPicker(QWidget):
    """A list of the parameters, and a field for each of their axes, counted from 1.

    Signals:
        chosen(object): another `Weight`, by the user.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shapes: dict[str, tuple[int, ...]] = {}
        self.parameter = QComboBox(self)
        self.parameter.setObjectName("chainParameter")
        self.parameter.setAccessibleName(self.tr("Parameter"))
        self.parameter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.parameter.setMinimumContentsLength(10)
        self.parameter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.parameter.currentTextChanged.connect(self._parameter_chosen)
        self.axes = [Counter(self) for _ in range(_MOST_AXES)]
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 4)
        column.setSpacing(4)
        row, self._more = QHBoxLayout(), QHBoxLayout()
        for line in (row, self._more):
            line.setSpacing(4)
            column.addLayout(line)
        row.addWidget(text_label(self.tr("Weight"), "caption", "secondary"))
        row.addWidget(self.parameter, 1)
        for at, axis in enumerate(self.axes):
            axis.setObjectName(f"chainAxis{at}")
            axis.setAccessibleName(self.tr("Index {0}").format(at + 1))
            axis.valueChanged.connect(self._tell)
            axis.hide()
            (row if at < _BESIDE else self._more).addWidget(axis)
        self._more.addStretch(1)
        theme().changed.connect(self._rescale)
        self._rescale()

    def _rescale(self) -> None:
        for axis in self.axes:
            axis.setFixedWidth(theme().px(64))

    def set_step(self, step: Step) -> None:
        """The parameters of another step."""
        updates = [moment for moment in step.moments if isinstance(moment, Update)]
        shapes = {moment.parameter: moment.before.shape for moment in updates}
        if shapes == self._shapes:
            return
        self._shapes = shapes
        self.parameter.blockSignals(True)
        self.parameter.clear()
        self.parameter.addItems(list(shapes))
        self.parameter.blockSignals(False)

    def has(self, name: str, index: Sequence[int] = ()) -> bool:
        """Whether there is such a parameter, and such a number in it."""
        shape = self._shapes.get(name)
        return shape is not None and (
            not index or (len(index) == len(shape) and all(at < size for at, size in zip(index, shape, strict=True)))
        )

    def set_weight(self, weight: Weight) -> None:
        """Show this one. Silent."""
        name, index = weight
        self.parameter.blockSignals(True)
        self.parameter.setCurrentText(name)
        self.parameter.setToolTip(plain_tooltip(name))
        self.parameter.blockSignals(False)
        self._set_axes(index)

    @property
    def weight(self) -> Weight:
        """What is chosen."""
        name = self.parameter.currentText()
        count = len(self._shapes.get(name, ()))
        return name, tuple(axis.value() - 1 for axis in self.axes[:count])

    def _set_axes(self, index: Sequence[int]) -> None:
        shape = self._shapes.get(self.parameter.currentText(), ())
        for at, axis in enumerate(self.axes):
            axis.blockSignals(True)
            axis.setVisible(at < len(shape))
            if at < len(shape):
                axis.setRange(1, shape[at])
                axis.setToolTip(
                    plain_tooltip(self.tr("Index {0} of {1}, from 1 to {2}").format(at + 1, len(shape), shape[at]))
                )
                axis.setValue(index[at] + 1 if at < len(index) else 1)
            axis.blockSignals(False)

    def _parameter_chosen(self) -> None:
        self.parameter.setToolTip(plain_tooltip(self.parameter.currentText()))
        self._set_axes(())
        self._tell()

    def _tell(self) -> None:
        self.chosen.emit(self.weight)
