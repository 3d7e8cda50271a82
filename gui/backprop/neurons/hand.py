"""Weights set by hand: sent to where they belong, remembered so that they can be put back.

A weight has one home. Before the first step of a training, a start value that the document holds is edited there, so
that undo takes it back, Reset returns to it and saving keeps it. All other weights, those drawn at random and those
learned, live in the session: there they are set, and "Put back" brings the old ones.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine import edits
from engine.frozen import thaw
from gui.backprop.neurons.chain import Array, Chain
from gui.document import Document
from gui.run_feed import RunFeed


@final
class Hand(QObject):
    """Sets parameters, one request in flight at a time.

    Signals:
        set(): a parameter was set; the step is to be taken apart anew.
        changed(): there is something, or nothing any more, to put back.
    """

    set = Signal()
    changed = Signal()

    def __init__(self, document: Document, feed: RunFeed, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._feed = document, feed
        self._before: dict[str, Array] = {}
        self._now: dict[str, Array] = {}
        self._waiting: dict[str, Array] = {}
        self._in_flight = self._by_hand = False
        feed.session_changed.connect(self._forget_all)
        feed.restarted.connect(self._forget_all)

    @property
    def in_flight(self) -> bool:
        """Whether the numbers of a change are still to come."""
        return self._in_flight

    @property
    def differences(self) -> list[tuple[str, int]]:
        """What could be put back: `block.parameter`, and in how many numbers it differs."""
        pairs = ((name, int((self._now[name] != old).sum())) for name, old in self._before.items())
        return [(name, count) for name, count in pairs if count]

    def put(self, name: str, before: Array, value: Array, text: str, *, for_good: bool = True) -> None:
        """Set a parameter.

        Args:
            name: `block.parameter`.
            before: what it was, kept for putting back.
            value: what it is to be, of that shape and dtype.
            text: names the edit.
            for_good: False while it is being dragged: the document is not edited then, only the session asked.
        """
        if for_good:
            self._before.setdefault(name, before)
        if self._in_flight and not for_good:
            self._waiting[name] = value
            return
        self._waiting.pop(name, None)
        self._now[name] = value
        self._in_flight = True
        if for_good and self._is_start(name):
            self._edit(name, value, text)
        else:
            self._by_hand = True
            self._feed.current_session.set_parameter(name, value)
        self.set.emit()
        self.changed.emit()

    def arrived(self, chains: tuple[Chain, ...]) -> None:
        """The step was taken apart anew: its weights are those now in force."""
        self._in_flight = False
        there: dict[str, Any] = {}
        for chain in chains:
            for layer in chain.layers:
                there[f"{layer.owner}.weight"] = layer.weight
                if layer.bias is not None:
                    there[f"{layer.owner}.bias"] = layer.bias
        for name in list(self._before):
            if name not in there or not np.array_equal(there[name], self._now[name]):  # trained, undone or reset since
                del self._before[name]
        self.changed.emit()
        if self._waiting:
            name, value = self._waiting.popitem()
            self.put(name, there.get(name, value), value, "", for_good=False)

    def put_back(self, text: str) -> None:
        """Undo all that was set by hand since the last step."""
        before, self._before = self._before, {}
        for name, value in before.items():
            self._in_flight = False
            self.put(name, value, value, text)
        self._before = {}
        self.changed.emit()

    def _is_start(self, name: str) -> bool:
        """Whether the number that counts stands in the document."""
        return not self._feed.trained and not self._by_hand and name in self._document.project.parameters

    def _edit(self, name: str, value: Array, text: str) -> None:
        """Change the start value where it differs, to the bit; the other numbers stay as they were written."""
        project = self._document.project
        written = thaw(project.parameters[name])
        kept = np.asarray(written, dtype=np.float64)
        same = kept.astype(value.dtype) == value
        merged = np.where(same, kept, value.astype(np.float64))
        self._document.edit(text, *edits.set_parameters(project, {name: merged.tolist()}))

    def _forget_all(self) -> None:
        self._before, self._now, self._waiting = {}, {}, {}
        self._in_flight = self._by_hand = False
        self.changed.emit()
