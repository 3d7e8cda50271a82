"""Where the window remembers things between starts: one INI file of the user's."""

from __future__ import annotations

from PySide6.QtCore import QSettings


def settings() -> QSettings:
    """The user's settings, whatever the application calls itself."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "chainrule", "chainrule")
