"""What Qt's own widgets leave unsaid to a screen reader. Costs nothing where there is none."""

from __future__ import annotations

import html
import re
from typing import Final, final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface
from PySide6.QtWidgets import QComboBox, QWidget

_TAG: Final = re.compile("</?p[^>]*>")


def say(widget: QWidget, text: str) -> None:
    """Have it said once what is news but does not get the focus."""
    if text and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


def plain(tip: str) -> str:
    """A tool tip without the tags that wrap it (`plain_tooltip`)."""
    return html.unescape(_TAG.sub(" ", tip)).strip() if tip.startswith("<p") else tip


def complete_descriptions() -> None:
    """From now on each widget that a screen reader asks for is described in plain text.

    Qt reads tool tips out as they are written, tags included; and on Linux it gives a combo box the name of its choice.
    """
    QAccessible.installFactory(_complete)


def _complete(_: str, thing: QObject) -> QAccessibleInterface | None:
    if isinstance(thing, QWidget):
        if isinstance(thing, QComboBox):
            _name_first(thing)
        elif not thing.accessibleDescription() and thing.toolTip().startswith("<p"):
            thing.setAccessibleDescription(plain(thing.toolTip()))
            thing.installEventFilter(_Follower(thing))
    return None


def _name_first(box: QComboBox) -> None:
    name, about = box.accessibleName(), box.accessibleDescription() or plain(box.toolTip())
    if name and not about.startswith(name):
        box.setAccessibleDescription(f"{name}. {about}" if about else name)


@final
class _Follower(QObject):
    """Keeps the description of its parent what its tool tip says."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTipChange and isinstance(watched, QWidget):
            watched.setAccessibleDescription(plain(watched.toolTip()))
        return False
