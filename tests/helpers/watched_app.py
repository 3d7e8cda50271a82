"""The app, unchanged, with a thread beside it that answers each line on stdin with where things stand, as JSON.

It only looks. Run with `python -m tests.helpers.watched_app [FILE]`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPoint, QRect, QVariantAnimation
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QFileDialog,
    QLabel,
    QMenu,
    QMenuBar,
    QTabBar,
    QWidget,
)

from gui.app import run
from gui.main_window import MainWindow
from gui.notices import notices
from gui.threads import in_gui

Place = tuple[int, int]


def main() -> int:
    """Runs the app."""
    threading.Thread(target=_listen, daemon=True).start()
    return run(sys.argv[1:])


def _listen() -> None:
    while QApplication.instance() is None:
        time.sleep(0.01)
    # Not sys.stdin: its lock would be held while the interpreter shuts down.
    while piece := os.read(0, 4096):
        for _ in range(piece.count(b"\n")):
            in_gui(_answer)


def _answer() -> None:
    os.write(1, json.dumps(_view(), default=dict).encode() + b"\n")


def _view() -> dict[str, Any]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    window = next((widget for widget in app.topLevelWidgets() if isinstance(widget, MainWindow)), None)
    if window is None or not window.isVisible():
        return {"places": {}, "front": None, "dialog": False}
    focus, front = app.focusWidget(), app.activeModalWidget() or window
    ancestors = []
    while focus is not None:
        ancestors.append(focus.objectName())
        focus = focus.parentWidget()
    return {
        "title": window.windowTitle(),
        "clean": window.document.is_clean,
        "front": int(front.winId()),
        "active": front.isActiveWindow(),
        "dialog": isinstance(front, QFileDialog),
        "focus": ancestors,
        "tour": window.tour.step,
        "found": window.canvas.floats.search.shown() if window.canvas.floats.search.isVisible() else [],
        "offers": _offers(app.activePopupWidget()),
        "said": [notice.text for notice in notices().history],
        "labels": [each.text() for each in app.allWidgets() if isinstance(each, QLabel) and each.isVisible()],
        **_document(window),
        **_run(window),
        **_canvas(window),
    }


def _document(window: MainWindow) -> dict[str, Any]:
    project, result = window.document.project, window.document.result
    return {
        "nodes": {node.id: [node.block, dict(node.params)] for node in project.graph.ordered_nodes()},
        "wires": [
            f"{wire.from_node}.{wire.from_port} -> {wire.to_node}.{wire.to_port}" for wire in project.graph.iter_wires()
        ],
        "training": dict(project.training),
        "problems": [problem.message for problem in result.problems],
    }


def _run(window: MainWindow) -> dict[str, Any]:
    numbers = window.findChild(QLabel, "runNumbers")
    assert numbers is not None
    return {"state": window.feed.state, "numbers": numbers.text()}


def _canvas(window: MainWindow) -> dict[str, Any]:
    view = window.canvas
    corner = view.viewport().mapToGlobal(QPoint(0, 0))
    overlay = view.stage.overlay
    return {
        "canvas": [corner.x(), corner.y(), view.viewport().width(), view.viewport().height()],
        "scale": view.camera.scale,
        "moving": any(each.state() == each.State.Running for each in view.camera.findChildren(QVariantAnimation)),
        "centre": [view.camera.centre.x(), view.camera.centre.y()],
        "selected": sorted(view.stage.selection.ids),
        "cutting": bool(overlay.strokes),
        "path": list(view.level.path),
        "ghost": overlay.ghost is not None,
        "wire": "" if overlay.wire is None else "refused" if overlay.wire.refused else "fits",
        "hint": view.floats.hint.text,
        "places": {**dict(_widgets()), **dict(_blocks(window))},
    }


def _blocks(window: MainWindow) -> Iterator[tuple[str, Place]]:
    view = window.canvas
    for name, item in view.items_.blocks.items():
        yield name, _at(view.viewport(), view.camera.to_view(item.title_rect().center()).toPoint())
        for side in ("in", "out"):
            for port in item.face.ports(side):
                place = item.port_place(side, port.name)
                if place is not None:
                    yield f"{name}.{port.name}", _at(view.viewport(), view.camera.to_view(place).toPoint())


def _widgets() -> Iterator[tuple[str, Place]]:
    """Whatever is seen and has a name or a text."""
    for widget in QApplication.allWidgets():
        if not widget.isVisible():
            continue
        seen = widget.visibleRegion().boundingRect()
        if seen.isEmpty():
            continue
        place = _at(widget, seen.center())
        if isinstance(widget, QCheckBox):  # its right part may be empty, and takes no click
            place = _at(widget, QPoint(widget.height() // 2, widget.height() // 2))
        if isinstance(widget, QAbstractButton) and widget.text():
            yield _plain(widget.text()), place
        if isinstance(widget, QMenuBar):
            yield from (
                (_plain(action.text()), _at(widget, widget.actionGeometry(action).center()))
                for action in widget.actions()
            )
        if isinstance(widget, QTabBar):
            yield from _tabs(widget)
        if widget.objectName():
            yield widget.objectName(), place


def _tabs(bar: QTabBar) -> Iterator[tuple[str, Place]]:
    for index in range(bar.count()):
        if bar.isTabVisible(index):
            yield f"tab {_plain(bar.tabText(index))}", _at(bar, bar.tabRect(index).center())


def _offers(popup: QWidget | None) -> dict[str, Place]:
    """The entries of the menu or list that is open."""
    if isinstance(popup, QMenu):
        return {
            _plain(action.text()): _at(popup, popup.actionGeometry(action).center())
            for action in popup.actions()
            if action.isVisible() and not action.isSeparator()
        }
    rows = popup.findChild(QAbstractItemView) if popup is not None else None
    if rows is None:
        return {}
    indices = [rows.model().index(row, 0) for row in range(rows.model().rowCount())]
    spots: list[tuple[str, QRect]] = [(str(index.data()), rows.visualRect(index)) for index in indices]
    return {text: _at(rows.viewport(), rect.center()) for text, rect in spots if rows.viewport().rect().contains(rect)}


def _plain(text: str) -> str:
    return text.replace("&", "").rstrip("…")


def _at(widget: QWidget, point: QPoint) -> Place:
    place = widget.mapToGlobal(point)
    return place.x(), place.y()


if __name__ == "__main__":
    sys.exit(main())
