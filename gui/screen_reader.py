"""What Qt's own widgets leave unsaid to a screen reader. Costs nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface, QAccessibleStateChangeEvent
from PySide6.QtWidgets import QAbstractButton, QAccessibleWidget, QComboBox, QWidget


def say(widget: QWidget, text: str) -> None:
    """Have it said once what is news but does not get the focus."""
    if text and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


@final
@dataclass(slots=True)
class _Told:
    """What is to be said of a widget; `face` is what Qt was given, which it knows by pointer alone."""

    role: QAccessible.Role
    about: Callable[[], str] | None
    press: Callable[[], object] | None
    folds: bool
    face: QAccessibleInterface | None = None


_told: dict[int, _Told] = {}


def tell_as(
    widget: QWidget,
    role: QAccessible.Role,
    *,
    about: Callable[[], str] | None = None,
    press: Callable[[], object] | None = None,
    folds: bool = False,
) -> None:
    """Have a widget read as something else than Qt takes it for. Before it has a name: then Qt asks what it is.

    Args:
        widget: it keeps its name, description, and what Qt knows of its state.
        role: what it is.
        about: its description, asked for when it is read; a chart says in it what it shows now.
        press: what pressing it does; a button is clicked unless told.
        folds: whether it is a checkable button that opens and closes something.
    """
    key = id(widget)
    _told[key] = _Told(role, about, press, folds)
    widget.destroyed.connect(lambda: _told.pop(key, None))
    if folds and isinstance(widget, QAbstractButton):
        widget.toggled.connect(lambda: _tell_folded(widget))


def _tell_folded(button: QAbstractButton) -> None:
    if QAccessible.isActive():
        changed = QAccessible.State()
        changed.expanded = changed.collapsed = True
        QAccessible.updateAccessibility(QAccessibleStateChangeEvent(button, changed))


@final
class _Face(QAccessibleWidget):
    """A widget as it is told."""

    def __init__(self, widget: QWidget, told: _Told) -> None:
        super().__init__(widget, told.role)
        self._told = told

    def text(self, kind: QAccessible.Text) -> str:
        widget = self.widget()
        if kind == QAccessible.Text.Description and self._told.about is not None:
            return self._told.about()
        if kind == QAccessible.Text.Name and isinstance(widget, QAbstractButton) and not widget.accessibleName():
            return widget.text()
        return super().text(kind)

    def state(self) -> QAccessible.State:
        state, widget = super().state(), self.widget()
        if isinstance(widget, QAbstractButton) and widget.isCheckable():
            checked = widget.isChecked()
            if self._told.folds:
                state.expandable, state.expanded, state.collapsed = True, checked, not checked
            else:
                state.checkable, state.checked = True, checked
        elif self._told.role == QAccessible.Role.ListItem:
            state.selectable, state.selected = True, widget.hasFocus()
        return state

    def childCount(self) -> int:
        """An entry is read as one: its labels say the same again."""
        return 0 if self._told.role == QAccessible.Role.ListItem else super().childCount()

    def actionNames(self) -> list[str]:
        return [*([self.pressAction()] if self._press() is not None else []), *super().actionNames()]

    def doAction(self, name: str) -> None:
        press = self._press()
        if name == self.pressAction() and press is not None:
            press()
        else:
            super().doAction(name)

    def _press(self) -> Callable[[], object] | None:
        widget = self.widget()
        return widget.click if isinstance(widget, QAbstractButton) else self._told.press


def complete_descriptions() -> None:
    """From now on a screen reader hears of widgets what `tell_as` was told, and of combo boxes their name.

    On Linux Qt gives a combo box the name of its choice: so its description begins with its name.
    """
    QAccessible.installFactory(_complete)


def _complete(_: str, thing: QObject) -> QAccessibleInterface | None:
    told = _told.get(id(thing))
    if told is not None and isinstance(thing, QWidget):
        told.face = _Face(thing, told)
        return told.face
    if isinstance(thing, QComboBox):
        _name_first(thing)
        QTimer.singleShot(0, thing, lambda: _name_first(thing))  # it may get its description only now
    return None


def _name_first(box: QComboBox) -> None:
    name, about = box.accessibleName(), box.accessibleDescription() or box.toolTip()
    if name and not about.startswith(name):
        box.setAccessibleDescription(f"{name}. {about}" if about else name)
