"""What mouse and fixed keys do on the canvas, for the list of shortcuts."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def _tr(text: str) -> str:
    return QCoreApplication.translate("ByHand", text)


def gestures() -> tuple[tuple[str, str], ...]:
    """(what it does, how), in the order of use."""
    return (
        (_tr("Add a block"), _tr("Drag or double-click in the palette, or double-click empty ground")),
        (_tr("Pin a block in the search"), _tr("Ctrl+D on the highlighted one")),
        (_tr("Connect"), _tr("Drag from dot to dot, or onto a block; or click one, then the other")),
        (_tr("Connect a new block"), _tr("Drag from a dot into empty ground")),
        (_tr("Put a block into a wire"), _tr("Drop it on the wire, or drag a free block there; Ctrl goes past")),
        (_tr("Take a block out of its wires"), _tr("Alt and drag it; let go over another wire, it goes in there")),
        (_tr("Move the end of a wire"), _tr("Drag the wire near its end; on empty ground it is gone")),
        (_tr("Bend a wire"), _tr("Double-click it for a dot, drag the dot; Delete or a double-click removes it")),
        (_tr("Cut wires"), _tr("Ctrl+Shift and drag across them")),
        (_tr("Select several"), _tr("Drag over empty ground; Shift or Ctrl adds")),
        (_tr("Move"), _tr("Drag, with Ctrl freely; arrows move by the grid, Shift+arrows further")),
        (_tr("Walk along wires"), _tr("Alt+arrows; plain arrows where nothing is selected")),
        (_tr("Select along wires"), _tr("Shift+Alt+arrows")),
        (_tr("Go to the parameters, or into a group"), _tr("Enter; Escape leads back")),
        (_tr("Open a group"), _tr("Double-click it; Backspace with nothing selected leads out")),
        (_tr("Rename"), _tr("Double-click the block")),
        (_tr("See what can be done here"), _tr("Right button, or the menu key")),
        (_tr("Open a graph, take in a table or an image"), _tr("Drop the file on the window")),
        (_tr("Move a frame with its blocks"), _tr("Drag its title; edges and corners resize; Ctrl does not snap")),
        (_tr("Write in a frame's title or a note"), _tr("Double-click it")),
        (_tr("Zoom"), _tr("Wheel, pinch, or Ctrl and two fingers")),
        (_tr("Pan"), _tr("Middle button, Space and drag, two fingers, or wheel with Shift or Alt")),
        (_tr("Leave a gesture, a search, a selection"), _tr("Escape")),
    )
