"""Renaming in place: a field over the block's name. A name that cannot be says why and stays in the field."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from shiboken6 import isValid

from engine import edits
from engine.levels import is_boundary
from engine.names import fresh_id, id_error
from engine.problem import GraphError
from gui.canvas.stage import Stage
from gui.theme import restyle


@final
class RenameField(QLineEdit):
    """Opens over one block at a time. Enter and leaving take the name, Escape does not."""

    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("renameField")
        self.setAccessibleName(self.tr("Name of the block"))
        self._stage, self._view = stage, parent
        self._node_id = ""
        self.textEdited.connect(self._judge)
        self.hide()

    def open(self, node_id: str) -> None:
        """Begin to rename a block."""
        item = self._stage.scene.blocks.get(node_id)
        if item is None:
            return
        node = self._stage.document.project.graph.node(node_id)
        if is_boundary(node):
            return
        self._node_id = node_id
        self.setText(node.label or node_id)
        self.place()
        restyle(self, "error", "false")
        self.show()
        self.raise_()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def place(self) -> None:
        """Follow the block when the view moves."""
        item = self._stage.scene.blocks.get(self._node_id)
        if item is None or not self._node_id:
            return
        camera, title = self._stage.camera, item.title_rect()
        start, end = camera.to_view(title.topLeft()), camera.to_view(title.bottomRight())
        font = self._stage.scene.look.name_font
        shown = type(font)(font)
        shown.setPixelSize(max(11, round(font.pixelSize() * camera.scale)))
        self.setFont(shown)
        height = max(28, round(end.y() - start.y()))
        middle = round((start.y() + end.y()) / 2)
        self.setGeometry(
            QRect(round(start.x()) - 8, middle - height // 2, max(160, round(end.x() - start.x()) + 16), height)
        )

    def leave(self) -> None:
        """Close without renaming."""
        if not self.isHidden():
            self._node_id = ""
            self._stage.hints.hush()
            self.hide()

    def commit(self) -> bool:
        """Take the name. False when it cannot be: the field stays and a hint says why."""
        old, new = self._node_id, self.text().strip()
        project = self._stage.document.project
        if self.isHidden() or old not in project.graph:
            self.leave()
            return True
        node = project.graph.node(old)
        if new == (node.label or node.id) or (not new and not node.label):
            self.leave()
            return True
        text = self.tr("Rename {0} to {1}").format(node.label or old, new or old)
        if node.label:
            edited, touched = edits.set_node(project, old, label=new)
            self.leave()
            self._stage.document.edit(text, edited, touched)
            return True
        try:
            edited, touched = edits.rename_node(project, old, new)
        except GraphError as error:
            self._say(self._fault(new) or str(error))
            return False
        self.leave()
        self._stage.document.edit(text, edited, touched, renamed=((old, new),))
        return True

    def _judge(self, text: str) -> None:
        self._say(self._fault(text.strip()))

    def _fault(self, name: str) -> str:
        """Why a name cannot be taken, and one that can; "" when it can."""
        graph = self._stage.document.project.graph
        if not name or name == self._node_id or graph.node(self._node_id).label:
            return ""
        why = id_error(name)
        if why is None:
            return self.tr('There is a block "{0}" already.').format(name) if name in graph else ""
        free = fresh_id(name.replace(" ", "_").replace("-", "_"), graph.nodes)
        return self.tr('The name "{0}" {1}. Try "{2}".').format(name, why, free)

    def _say(self, text: str) -> None:
        restyle(self, "error", "true" if text else "false")
        if text:
            self._stage.hints.say(text, self.geometry().bottomLeft().toPointF())
        else:
            self._stage.hints.hush()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._give_back_focus()
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.commit():
                self._give_back_focus()
        else:
            super().keyPressEvent(event)
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if not isValid(self._view):
            return  # the window closes
        if event.reason() != Qt.FocusReason.PopupFocusReason and not self.commit():
            self.leave()

    def _give_back_focus(self) -> None:
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)
