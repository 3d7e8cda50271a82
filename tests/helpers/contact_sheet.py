"""All examples, trained, in both themes, on one picture each: `python -m tests.helpers.contact_sheet`.

Writes `tests/golden/contact-sheet-dark.jpg` and `-light.jpg`, and the README's pictures.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from engine import assets
from gui.theme import Mode, theme
from tests.helpers.shots import backprop_shot, shot

ROOT = Path(__file__).parents[2]
TILE = (720, 450)
COLUMNS = 3
CAPTION = 28
W5 = ("output.weight", (0, 0))
MODES: tuple[Mode, ...] = ("dark", "light")


def examples() -> list[dict[str, str]]:
    """File and name of every example, in the order of the menu."""
    index = json.loads((assets.folder() / "examples" / "index.json").read_text(encoding="utf-8"))
    return [entry for group in index for entry in group["examples"]]


def sheet(mode: Mode) -> QImage:
    """One theme's sheet."""
    entries = examples()
    rows = -(-len(entries) // COLUMNS)
    picture = QImage(COLUMNS * TILE[0], rows * (TILE[1] + CAPTION), QImage.Format.Format_RGB32)
    for number, entry in enumerate(entries):
        tile = shot(entry["file"], mode)
        if number == 0:
            picture.fill(theme().color("canvas"))
        left, top = (number % COLUMNS) * TILE[0], (number // COLUMNS) * (TILE[1] + CAPTION)
        painter = QPainter(picture)
        painter.setFont(theme().font("strong"))
        painter.setPen(QColor(theme().palette.text))
        painter.drawText(QRect(left + 8, top, TILE[0], CAPTION), int(Qt.AlignmentFlag.AlignVCenter), entry["name"])
        small = tile.scaled(*TILE, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        painter.drawImage(left, top + CAPTION, small)
        painter.end()
    return picture


def main() -> int:
    """Writes all pictures."""
    application = QApplication.instance() or QApplication([])
    for mode in MODES:
        sheet(mode).save(str(ROOT / "tests" / "golden" / f"contact-sheet-{mode}.jpg"), quality=82)
    readme = ROOT / "assets" / "screenshots" / "main-window.png"
    readme.parent.mkdir(exist_ok=True)
    shot("spiral.chainrule", "dark").save(str(readme))
    backprop_shot("mazur.chainrule", "dark", W5).save(str(readme.with_name("backprop.png")))
    application.processEvents()
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_STATE_HOME"] = home
        sys.exit(main())
