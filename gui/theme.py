"""The look of the app: palette, fonts, text size and motion, following the system or the user's choice.

`theme()` is the only way in. It needs a running QApplication, dresses it at first use and lives as long as it does.
Colours, pens, brushes and fonts are kept, so painting code may ask for them in every frame.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QPen
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from shiboken6 import isValid

from gui.colors import DARK, LIGHT, Palette
from gui.fonts import ROLES, Role, load_fonts, make_font
from gui.motion import system_reduces_motion
from gui.stylesheet import qt_palette, stylesheet

__all__ = [
    "DARK",
    "LIGHT",
    "Mode",
    "Palette",
    "Role",
    "Theme",
    "Tone",
    "restyle",
    "set_kind",
    "set_role",
    "set_tone",
    "theme",
]

Mode = Literal["system", "dark", "light"]
Tone = Literal[
    "text", "secondary", "disabled", "accent", "positive", "negative", "error", "warning", "success", "on_accent"
]

TEXT_SCALES: Final = (1.0, 2.0)


@final
class Theme(QObject):
    """Colours, fonts and measures of the whole app. Made by `theme()` only.

    Signals:
        changed: after palette, text scale or motion changed and the style sheet is in place: repaint, rescale.
    """

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._mode: Mode = "system"
        self._scale = 1.0
        self._reduce_motion: bool | None = None
        self._colors: dict[str, QColor] = {}
        self._pens: dict[tuple[str, float, Qt.PenStyle], QPen] = {}
        self._brushes: dict[str, QBrush] = {}
        self._fonts: dict[Role, QFont] = {}
        load_fonts()
        app.setStyle("Fusion")
        self._palette = self._wanted_palette()
        self._dress()
        app.styleHints().colorSchemeChanged.connect(self._follow_system)

    # --- what painting code asks for ---

    @property
    def palette(self) -> Palette:
        """The colours now in force."""
        return self._palette

    @property
    def is_dark(self) -> bool:
        """Whether the dark colours are in force."""
        return self._palette is DARK

    def color(self, name: str) -> QColor:
        """A palette colour by field name (or `#rrggbb`). Kept: do not change it, copy it.

        Raises:
            AttributeError: the palette has no such field.
        """
        found = self._colors.get(name)
        if found is None:
            found = QColor(name if name.startswith("#") else getattr(self._palette, name))
            self._colors[name] = found
        return found

    def pen(self, name: str, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """A round pen in a palette colour. Kept: do not change it."""
        key = (name, width, style)
        found = self._pens.get(key)
        if found is None:
            found = QPen(self.color(name), width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            self._pens[key] = found
        return found

    def brush(self, name: str) -> QBrush:
        """A brush in a palette colour. Kept: do not change it."""
        found = self._brushes.get(name)
        if found is None:
            found = self._brushes[name] = QBrush(self.color(name))
        return found

    def font(self, role: Role = "text") -> QFont:
        """The font for a role at the present text scale. Kept: do not change it, copy it."""
        found = self._fonts.get(role)
        if found is None:
            found = self._fonts[role] = make_font(role, self._scale)
        return found

    def px(self, size: float) -> int:
        """A measure that grows with the text, such as the height of a control, in whole pixels."""
        return max(1, round(size * self._scale))

    def animation_ms(self, duration: int) -> int:
        """How long an animation takes, in ms: 0 when the user or the system wants less motion."""
        return 0 if self.reduce_motion else duration

    @contextmanager
    def painting_in(self, palette: Palette) -> Iterator[None]:
        """What is asked for inside is of this palette: to paint a picture for paper while the window stays as it is.

        Nobody is told, as nothing on the screen changes: do not let the event loop turn inside.
        """
        kept = (self._palette, self._colors, self._pens, self._brushes)
        self._palette, self._colors, self._pens, self._brushes = palette, {}, {}, {}
        try:
            yield
        finally:
            self._palette, self._colors, self._pens, self._brushes = kept

    # --- what the user chooses ---

    @property
    def mode(self) -> Mode:
        """What the user chose."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Chooses dark, light or whatever the system says."""
        self._mode = mode
        hints = self._app.styleHints()
        # The system draws window frames and file dialogs: tell it, too.
        if mode == "system":
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(Qt.ColorScheme.Dark if mode == "dark" else Qt.ColorScheme.Light)
        self._use(self._wanted_palette())

    @property
    def text_scale(self) -> float:
        """Size of text relative to normal, 1 to 2."""
        return self._scale

    def set_text_scale(self, scale: float) -> None:
        """Enlarges text and controls, for a lecture hall; clamped to 1 … 2."""
        scale = min(max(scale, TEXT_SCALES[0]), TEXT_SCALES[1])
        if scale != self._scale:
            self._scale = scale
            self._dress()
            self.changed.emit()

    @property
    def reduce_motion(self) -> bool:
        """Whether animations are unwanted."""
        if self._reduce_motion is not None:
            return self._reduce_motion
        if "CHAINRULE_REDUCE_MOTION" in os.environ:
            return os.environ["CHAINRULE_REDUCE_MOTION"] not in ("", "0")
        return system_reduces_motion()

    def set_reduce_motion(self, reduce: bool | None) -> None:
        """The user's own choice; None follows the system."""
        self._reduce_motion = reduce
        self.changed.emit()

    # --- inside ---

    def _wanted_palette(self) -> Palette:
        if self._mode == "system":
            # Where the system says nothing, dark it is.
            return LIGHT if system_scheme(self._app) == Qt.ColorScheme.Light else DARK
        return DARK if self._mode == "dark" else LIGHT

    def _follow_system(self) -> None:
        if self._mode == "system":
            self._use(self._wanted_palette())

    def _use(self, palette: Palette) -> None:
        if palette is not self._palette:
            self._palette = palette
            self._dress()
            self.changed.emit()

    def _dress(self) -> None:
        for kept in (self._colors, self._pens, self._brushes, self._fonts):
            kept.clear()
        self._app.setFont(self.font("text"))
        QToolTip.setFont(self.font("caption"))
        for class_name in ("QHeaderView", "QStatusBar"):
            self._app.setFont(self.font("caption"), class_name)  # type: ignore[arg-type] # takes str, not bytes
        self._app.setPalette(qt_palette(self._palette))
        self._app.setStyleSheet(stylesheet(self._palette, self._scale))
        for widget in self._app.allWidgets():
            role = widget.property("role")
            if role in ROLES:
                widget.setFont(self.font(role))


def system_scheme(app: QApplication) -> Qt.ColorScheme:
    """What the system says: dark, light or nothing."""
    return app.styleHints().colorScheme()


_theme: Theme | None = None


def theme() -> Theme:
    """The theme of the running application, made and put on at the first call.

    Raises:
        RuntimeError: there is no QApplication.
    """
    global _theme  # noqa: PLW0603 - one application, one theme; it dies with the application and is made anew after
    if _theme is None or not isValid(_theme):
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            raise RuntimeError("theme() needs a QApplication")
        _theme = Theme(app)
    return _theme


def set_role(widget: QWidget, role: Role) -> None:
    """Gives a widget the font of a role, at every text scale."""
    widget.setProperty("role", role)
    widget.setFont(theme().font(role))


def set_tone(widget: QWidget, tone: Tone) -> None:
    """Gives a label the text colour of a meaning: secondary, positive or error."""
    restyle(widget, "tone", tone)


def set_kind(widget: QWidget, kind: str) -> None:
    """Gives a button or frame one of the looks of `assets/theme.qss`: primary, quiet, danger, card or well."""
    restyle(widget, "kind", kind)


def restyle(widget: QWidget, name: str, value: str) -> None:
    """Sets a property the style sheet selects by, and applies the style sheet anew when it changed."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        style = widget.style()
        style.unpolish(widget)
        style.polish(widget)
        widget.update()
