"""Line icons from `assets/icons`, drawn in the colours of the theme and sharp at every scale.

An icon looks its colour up when it is painted, so actions and buttons keep their icons when the theme changes.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, final

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.assets import asset
from gui.paper import is_vector
from gui.theme import theme

CATEGORY_ICONS: Final = {
    "data": "data",
    "layers": "layers",
    "activation": "activation",
    "regularisation": "regularisation",
    "shape": "shape",
    "math": "expression",
    "loss": "loss",
}


@cache
def icon_names() -> frozenset[str]:
    """All icons that ship."""
    return frozenset(path.stem for path in asset("icons").glob("*.svg")) - {"app"}


@cache
def icon(name: str, color: str | None = None) -> QIcon:
    """An icon for buttons and actions.

    Args:
        name: file name in `assets/icons` without the ending.
        color: a field of the palette (`error`, `on_accent`) or `#rrggbb`; the colour of text unless told.

    Raises:
        KeyError: there is no such icon.
    """
    _check(name)  # the file is read when the icon is first painted
    return QIcon(_ThemedIcon(name, color))


def _check(name: str) -> None:
    if name not in icon_names():
        raise KeyError(f'no icon "{name}" in assets/icons')


def block_icon(name: str, category: str) -> QIcon:
    """The icon of a block in the hue of its category; a plug-in's unknown icon becomes that of the category."""
    return icon(block_icon_name(name, category), category)


def block_icon_name(name: str, category: str) -> str:
    """`name` where such an icon ships, else the icon of the category."""
    return name if name in icon_names() else CATEGORY_ICONS[category]


def pixmap(name: str, size: int, color: str | QColor | None = None, dpr: float = 1.0) -> QPixmap:
    """An icon as pixels for painting: `size` × `size` logical pixels at the device pixel ratio `dpr`. Kept.

    Raises:
        KeyError: there is no such icon.
    """
    shade = color if isinstance(color, QColor) else theme().color(color or "text")
    return _drawn(name, size, size, shade.rgba(), dpr)


@cache
def app_icon() -> QIcon:
    """The icon of the window."""
    return QIcon(str(asset("icons/app.svg")))


@cache
def svg_source(name: str) -> str:
    """The SVG text of an icon, its colour `currentColor`.

    Raises:
        KeyError: there is no such icon.
    """
    _check(name)
    return asset(f"icons/{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=2048)
def _drawn(name: str, width: int, height: int, rgba: int, dpr: float) -> QPixmap:
    color = QColor.fromRgba(rgba)
    svg = svg_source(name).replace("currentColor", color.name())
    made = QPixmap(round(width * dpr), round(height * dpr))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setOpacity(color.alphaF())
    side = min(made.width(), made.height())
    left, top = (made.width() - side) / 2, (made.height() - side) / 2
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(left, top, side, side))
    painter.end()
    made.setDevicePixelRatio(dpr)
    return made


@lru_cache(maxsize=256)
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(svg_source(name).replace("currentColor", color).encode()))


@final
class _ThemedIcon(QIconEngine):
    """Draws an SVG in the present colours of the theme."""

    def __init__(self, name: str, color: str | None) -> None:
        super().__init__()
        self._name = name
        self._color = color

    def clone(self) -> QIconEngine:
        return _ThemedIcon(self._name, self._color)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        dpr = painter.device().devicePixelRatio()
        painter.drawPixmap(rect.topLeft(), self.scaledPixmap(rect.size(), mode, state, dpr))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        name = "disabled" if mode == QIcon.Mode.Disabled else self._color or "text"
        return _drawn(self._name, size.width(), size.height(), theme().color(name).rgba(), scale)


def paint_icon(painter: QPainter, name: str, rect: QRectF, color: str | QColor | None = None) -> None:
    """Draws an icon into a square, sharp at the painter's zoom (as items of the canvas need it)."""
    if is_vector(painter.device()):
        ink = color if isinstance(color, QColor) else theme().color(color or "text")
        _renderer(name, ink.name()).render(painter, rect)
        return
    scale = painter.device().devicePixelRatio() * painter.worldTransform().m11()
    # Halves are fine enough for the eye, and zooming does not fill the store with every size in between.
    steps = max(1.0, round(scale * 2) / 2)
    drawn = pixmap(name, max(1, round(rect.width())), color, steps)
    painter.drawPixmap(rect, drawn, QRectF(QPoint(0, 0), drawn.size()))
