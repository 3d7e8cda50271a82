"""Which sample of the batch a view of a moment shows."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSignalBlocker

from gui.widgets.counter import Counter
from gui.widgets.labels import plain_tooltip


def _tr(text: str) -> str:
    return QCoreApplication.translate("Samples", text)


def sample_counter() -> Counter:
    """A field for the number of the sample, counted from 1."""
    made = Counter()
    made.setPrefix(_tr("sample "))
    made.setAccessibleName(_tr("Sample of the batch"))
    made.setToolTip(plain_tooltip(_tr("Which sample of the batch is shown here")))
    made.setRange(1, 1)
    return made


def set_samples(counter: Counter, count: int) -> None:
    """The batch holds so many: nobody is told, and with one there is nothing to choose."""
    with QSignalBlocker(counter):
        counter.setRange(1, count)
    counter.setSuffix(_tr(" of {0}").format(count))
    counter.setVisible(count > 1)
