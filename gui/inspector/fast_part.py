"""The switch of fast-forward, and why it cannot be switched on where it cannot."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.events import FAST_LEFT, FAST_REFUSED, Said
from engine.planning.kernels import Hindrance, hindrances
from engine.result import Result
from gui.run_feed import RunFeed
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.switch import Switch

MOST_NUMBERS: Final = 1 << 15
"""Weights and biases of a network that may be fast-forwarded, at most."""
_NAMED: Final = 4


@final
class FastPart(QWidget):
    """Offers fast-forward where it can work. Where it cannot, the switch is off, and a line below it says why.

    Signals:
        offered(bool, str): whether it can be switched on, and what is to be said of it.

    Attributes:
        switch: on while kernels are asked for.
    """

    offered = Signal(bool, str)

    def __init__(self, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feed = feed
        self._result: Result | None = None
        self._dropout_off = False
        self._refused = ""
        self.switch = Switch(self.tr("Fast-forward"))
        self.switch.setObjectName("fastForward")
        self.switch.toggled.connect(lambda on: feed.override("fast_forward", on))
        self._note = text_label("", "caption", "secondary", wrap=True)
        self._note.setObjectName("fastForwardNote")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.switch)
        column.addWidget(self._note)
        feed.on(Said, self._hear)
        feed.restarted.connect(self.forget_refusal)

    def tie(self, action: QAction) -> None:
        """From now on the switch and an entry of a menu are one."""
        self.switch.tie(action)
        self.offered.connect(lambda can, tip: self._dress(action, can, tip))
        self._update()

    def _dress(self, action: QAction, can: bool, tip: str) -> None:
        action.setEnabled(can)
        action.setToolTip(plain_tooltip(tip))

    @property
    def possible(self) -> bool:
        """Whether the network is small enough that anybody would want it."""
        return self._result is not None and 0 < self._result.parameters <= MOST_NUMBERS

    def show_result(self, result: Result, *, dropout_off: bool) -> None:
        """Follow the document, and the switch that turns random blocks off."""
        before = self._result
        self._result, self._dropout_off = result, dropout_off
        if before is not None and before.nodes != result.nodes:
            self._refused = ""  # another network may be tried
        self._update()

    def forget_refusal(self) -> None:
        """It may be tried again."""
        if self._refused:
            self._refused = ""
            self._update()

    def _hear(self, event: Said) -> None:
        if event.topic in (FAST_REFUSED, FAST_LEFT):
            self._refused = event.message
            self._update()

    def _update(self) -> None:
        if self._result is None:
            return
        against = hindrances(self._result, dropout_off=self._dropout_off) if self.possible else ()
        why = "\n".join(words(each) for each in against) or self._refused
        self._note.setText(why)
        self._note.setVisible(bool(why))
        can = self.possible and not why
        if not can and self.switch.isChecked():
            self.switch.setChecked(False)
        self.switch.setEnabled(can)
        tip = why or self.tr(
            "Many steps at once, as machine code for this network: up to a hundred times faster for small ones. The "
            "numbers equal PyTorch's to rounding, and are checked against them again and again."
        )
        self.switch.setToolTip(plain_tooltip(tip))
        self.offered.emit(can, tip)


def words(against: Hindrance) -> str:
    """What stands against it, as a sentence."""
    tr = QCoreApplication.translate
    names = ", ".join(against.blocks[:_NAMED]) + (" …" if len(against.blocks) > _NAMED else "")
    if against.kind == "blocks":
        return tr("FastPart", "Not with {0}: only PyTorch computes such blocks.").format(names)
    if against.kind == "random":
        return tr("FastPart", "Not with {0}, drawn at random; it works with dropout and noise off.").format(names)
    return {
        "compiler": tr("FastPart", "It needs llvmlite, which is not installed: pip install llvmlite, then start anew."),
        "data": tr("FastPart", "Not without data: an epoch is one step."),
        "streamed": tr("FastPart", "Not with data that are streamed from disk."),
        "phases": tr("FastPart", "Not with phases that alternate."),
        "precision": tr("FastPart", "Only in full precision (Device and memory)."),
        "micro_batch": tr("FastPart", "Only without micro-batches (Device and memory)."),
        "device": tr("FastPart", "Only on the CPU (Device and memory)."),
    }[against.kind]
