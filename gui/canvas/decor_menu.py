"""The context menu of frames and notes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu

from engine.decorations import COLORS
from gui.canvas.actions import CanvasActions
from gui.canvas.decor_commands import DecorCommands
from gui.canvas.decor_item import DecorItem
from gui.canvas.frames import FrameItem
from gui.canvas.stage import Stage
from gui.canvas.tints import color_name, tints
from gui.icons import icon, paint_icon

_SWATCH = 16


def _tr(text: str) -> str:
    return QCoreApplication.translate("CanvasMenu", text)


def fill_for_decor(menu: QMenu, stage: Stage, actions: CanvasActions, item: DecorItem | None) -> None:
    """For the frame or note below the pointer, which is selected first; for the selected ones without."""
    decor = stage.scene.decor
    if item is not None and item.name not in decor.chosen:
        stage.scene.choose_wires(())
        stage.selection.set(())
        decor.choose({item.name})
    chosen = [decor.items[name] for name in sorted(decor.chosen)]
    if len(chosen) == 1:
        framed = isinstance(chosen[0], FrameItem)
        write = menu.addAction(icon("edit"), _tr("&Rename") if framed else _tr("&Edit the text"))
        write.setObjectName("actionWriteDecor")
        write.triggered.connect(lambda: stage.write(chosen[0].name))
    _add_colors(menu.addMenu(_tr("C&olour")), stage, {each.decoration.color for each in chosen})
    menu.addSeparator()
    menu.addActions([actions.cut, actions.copy, actions.duplicate])
    menu.addSeparator()
    menu.addAction(actions.delete)


def _add_colors(menu: QMenu, stage: Stage, present: set[str]) -> None:
    menu.setObjectName("decorColors")
    commands = DecorCommands(stage)
    for color in COLORS:
        action = menu.addAction(_swatch(color, marked=present == {color}), color_name(color))
        action.setObjectName(f"decorColor_{color}")
        action.setCheckable(True)
        action.setChecked(present == {color})
        action.triggered.connect(lambda _=False, color=color: commands.color(color))


def _swatch(color: str, *, marked: bool) -> QIcon:
    drawn = QPixmap(2 * _SWATCH, 2 * _SWATCH)
    drawn.setDevicePixelRatio(2.0)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tints(color).hue)
    painter.drawRoundedRect(QRectF(1, 1, _SWATCH - 2, _SWATCH - 2), 4, 4)
    if marked:
        paint_icon(painter, "check", QRectF(2, 2, _SWATCH - 4, _SWATCH - 4), "canvas")
    painter.end()
    return QIcon(drawn)
