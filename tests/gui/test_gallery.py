"""Every control at once, in both themes: nothing warns, and no text is cut."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QAbstractButton, QLabel

from gui.formula import FormulaWidget
from gui.theme import theme
from gui.widgets import ElidedLabel
from tests.gui.gallery import build


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_no_text_is_cut(qtbot, mode, scale):
    look = theme()
    look.set_reduce_motion(True)
    look.set_mode(mode)
    look.set_text_scale(scale)
    page = build()
    qtbot.addWidget(page)
    page.resize(page.sizeHint())
    page.show()
    qtbot.waitUntil(lambda: all(formula.ready for formula in page.findChildren(FormulaWidget)))
    for _ in range(8):
        QCoreApplication.processEvents()
    shown: list[QLabel | QAbstractButton] = [*page.findChildren(QLabel), *page.findChildren(QAbstractButton)]
    texts = [it for it in shown if it.isVisible() and it.text()]
    assert len(texts) > 60
    wrapped = [it for it in texts if isinstance(it, QLabel) and it.wordWrap()]
    lines = [it for it in texts if it not in wrapped and not isinstance(it, ElidedLabel)]
    cut = [it.text() for it in lines if it.width() < it.sizeHint().width()]
    cut += [it.text() for it in wrapped if it.height() < it.heightForWidth(it.width())]
    assert cut == []
    for formula in page.findChildren(FormulaWidget):
        assert formula.height() >= formula.heightForWidth(formula.width())
    look.set_text_scale(1.0)
    look.set_mode("system")
    look.set_reduce_motion(None)
