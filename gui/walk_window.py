"""Going round the window with Tab and F6, past what cannot be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QScrollArea, QTabBar, QWidget


def is_in_sight(widget: QWidget) -> bool:
    """Whether a person can see it, if need be after scrolling: Qt takes a dock behind another tab for visible.

    It lies outside of the window.
    """
    dock: QWidget | None = widget
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    part = dock or widget
    window = part.window()
    return part.isVisible() and window.rect().intersects(QRect(part.mapTo(window, QPoint(0, 0)), part.size()))


def tab(window: QWidget, forward: bool) -> bool:
    """Give the focus to the next widget of the window that takes it by Tab. False if there is none."""
    start = QApplication.focusWidget() or window
    for widget in _chain(start, window, forward):
        if _takes_tab(widget):
            _focus(widget, Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
            return True
    return False


def next_part(parts: Callable[[], Sequence[QWidget]], step: int) -> None:
    """Give the focus to the next part of a window in this order, or with `step` -1 to the one before."""
    focus, everyone = QApplication.focusWidget(), list(parts())
    at = (index for index, part in enumerate(everyone) if _holds(part, focus) or _is_tab_of(part, focus))
    here = next(at, -1 if step > 0 else 0)
    for turn in range(1, len(everyone) + 1):
        if enter(everyone[(here + turn * step) % len(everyone)]):
            return


def enter(part: QWidget) -> bool:
    """Give the focus to the first widget of a part of the window. False if none takes it, or the part is not seen."""
    inner = part.widget() if isinstance(part, QDockWidget) else part  # not the buttons of its title
    chain = [inner, *_chain(inner, inner.window(), True)] if is_in_sight(part) else []
    target = next((widget for widget in chain if _holds(inner, widget) and _takes_tab(widget)), None)
    if target is None and isinstance(part, QDockWidget):
        target = _handle(part)
    if target is None:
        return False
    target.activateWindow()  # a dock may float
    _focus(target, Qt.FocusReason.TabFocusReason)
    return True


def _handle(dock: QDockWidget) -> QWidget | None:
    """What stands for a dock with nothing in it that takes keys: its tab among others, else a button of its title."""
    if not is_in_sight(dock):
        return None
    bars = dock.window().findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    handles = [*(bar for bar in bars if _is_tab_of(dock, bar)), *dock.titleBarWidget().findChildren(QWidget)]
    return next((widget for widget in handles if _takes_tab(widget)), None)


def _is_tab_of(part: QWidget, widget: QWidget | None) -> bool:
    """Whether it is the row of tabs whose front one is this dock."""
    return isinstance(widget, QTabBar) and widget.tabText(widget.currentIndex()) == part.windowTitle()


def _holds(part: QWidget, widget: QWidget | None) -> bool:
    return widget is not None and (part is widget or part.isAncestorOf(widget))


def _chain(start: QWidget, window: QWidget, forward: bool) -> list[QWidget]:
    """The widgets of a window after this one, and then those before it, as they are read.

    Qt's own order is that in which they were made: what is filled in later would come last of all.
    """
    order = list(_as_read(window))
    here = order.index(start) if start in order else -1
    others = order[here + 1 :] + order[: max(here, 0)]
    return others if forward else others[::-1]


def _as_read(outer: QWidget) -> Iterator[QWidget]:
    """Row by row, each from the left; what stands in a widget comes right after it."""
    left = [child for child in outer.children() if isinstance(child, QWidget)]
    left = [child for child in left if child.isVisible() and not child.isWindow()]
    left.sort(key=QWidget.y)
    while left:
        first = left[0].geometry()
        end = max(first.bottom(), first.center().y())
        row = [child for child in left if child.geometry().center().y() <= end]
        left = [child for child in left if child not in row]
        for child in sorted(row, key=QWidget.x):
            yield child
            if not isinstance(child, QDockWidget) or is_in_sight(child):
                yield from _as_read(child)


def _takes_tab(widget: QWidget) -> bool:
    policy = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    wants = bool(policy) and widget.focusProxy() is None
    return wants and widget.isEnabled() and widget.isVisible() and is_in_sight(widget)


def _focus(widget: QWidget, reason: Qt.FocusReason) -> None:
    widget.setFocus(reason)
    outer = widget.parentWidget()
    while outer is not None:
        if isinstance(outer, QScrollArea):
            outer.ensureWidgetVisible(widget)
        outer = outer.parentWidget()
