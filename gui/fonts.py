"""Inter for text, JetBrains Mono for numbers and shapes: bundled, so that pictures are the same everywhere."""

from __future__ import annotations

from typing import Final, Literal, get_args

from PySide6.QtGui import QFont, QFontDatabase

from gui.assets import asset

Role = Literal[
    "text", "strong", "caption", "caption_strong", "section", "title", "heading", "mono", "mono_strong", "mono_caption"
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

TEXT_FAMILY: Final = "Chainrule Inter"
MONO_FAMILY: Final = "Chainrule JetBrains Mono"
_WEIGHTS: Final = ("Regular", "Medium", "SemiBold", "Bold")

_SIZES: Final[dict[Role, tuple[str, float, QFont.Weight]]] = {
    "text": (TEXT_FAMILY, 13, QFont.Weight.Normal),
    "strong": (TEXT_FAMILY, 13, QFont.Weight.DemiBold),
    "caption": (TEXT_FAMILY, 11, QFont.Weight.Normal),
    "caption_strong": (TEXT_FAMILY, 11, QFont.Weight.DemiBold),
    "section": (TEXT_FAMILY, 11, QFont.Weight.DemiBold),
    "title": (TEXT_FAMILY, 15, QFont.Weight.DemiBold),
    "heading": (TEXT_FAMILY, 20, QFont.Weight.DemiBold),
    "mono": (MONO_FAMILY, 12, QFont.Weight.Normal),
    "mono_strong": (MONO_FAMILY, 12, QFont.Weight.DemiBold),
    "mono_caption": (MONO_FAMILY, 11, QFont.Weight.Normal),
}


def load_fonts() -> None:
    """Registers the bundled faces, whose family names are their own: Qt would mix them with those of the system.

    Raises:
        RuntimeError: a bundled font cannot be read.
    """
    for prefix in ("Inter", "JetBrainsMono"):
        for weight in _WEIGHTS:
            path = asset(f"fonts/{prefix}-{weight}.ttf")
            if QFontDatabase.addApplicationFont(str(path)) < 0:
                raise RuntimeError(f"the font {path} cannot be read")


def make_font(role: Role, scale: float = 1.0) -> QFont:
    """A new font for a role; `theme().font(role)` keeps them.

    Figures are tabular, so that changing numbers do not dance, and letters never join into ligatures, so that `0x10`
    and `->` read as written.
    """
    family, size, weight = _SIZES[role]
    font = QFont()
    # The other family fills gaps: Inter has no ∇ and no ⊙.
    font.setFamilies([family, MONO_FAMILY if family == TEXT_FAMILY else TEXT_FAMILY])
    font.setPixelSize(max(1, round(size * scale)))
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if family == TEXT_FAMILY:
        font.setFeature(QFont.Tag("tnum"), 1)
    else:
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setFeature(QFont.Tag("calt"), 0)
    if role == "section":
        font.setCapitalization(QFont.Capitalization.AllUppercase)
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 104)
    return font
