"""Keys that walk through a step, wherever the keyboard is: on the canvas, in the panel, on the bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget


@final
class WalkKeys(QObject):
    """Takes keys without modifiers from widgets, before anybody else, while they mean something.

    Not while a list or menu is open: its keys are its own, though it may be a child of one of the widgets.
    """

    def __init__(
        self,
        keys: Mapping[int, Callable[[], object]],
        means: Callable[[int], bool],
        widgets: Iterable[QWidget],
        parent: QObject,
    ) -> None:
        """Begins to listen.

        Args:
            keys: what each does.
            means: whether a key means something now.
            widgets: that are listened to from the start.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._keys, self._means = keys, means
        self.listen(widgets)

    def listen(self, widgets: Iterable[QWidget]) -> None:
        """Take keys from these, too."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            key = event.key()
            if key in self._keys and self._means(key) and QApplication.activePopupWidget() is None:
                if event.type() == QEvent.Type.ShortcutOverride:
                    event.accept()
                    return True
                if event.type() == QEvent.Type.KeyPress:
                    self._keys[key]()
                    return True
        return super().eventFilter(watched, event)
