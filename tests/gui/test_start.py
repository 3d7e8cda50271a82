"""Starting: what is not needed is not there yet, and misses nothing when it comes."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from gui.main_window import MainWindow
from gui.panel_place import LEAST
from gui.plots.loss import LossPanel
from gui.plots.weights import WeightPanel
from gui.readying import Readying
from gui.theme import theme
from gui.threads import GuiCollector
from tests.helpers.windows import PATIENCE, open_example, play_to_the_end

HEAVY = ("torch", "sklearn", "scipy", "matplotlib", "PIL", "pyqtgraph")

PROGRAM = f"""
    import sys
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    def instead_of_loop():
        window = next(it for it in QApplication.topLevelWidgets() if it.objectName() == "mainWindow")
        while not window.isVisible():
            QApplication.processEvents()
        window.canvas.grab()
        QApplication.processEvents()
        print(*[name for name in {HEAVY!r} if name in sys.modules], sep=",")
        blocks = [len(window.document.project.graph.nodes)]
        for do in (lambda: window.canvas.add_block("Dense", {{}}), window.actions_.undo.trigger):
            do()
            blocks.append(len(window.document.project.graph.nodes))
        print(*blocks)
        window.document.undo_stack.setClean()
        window.close()
        return 0

    QApplication.exec = staticmethod(instead_of_loop)
    from gui.__main__ import main
    sys.exit(main([]))
"""


def made(window: MainWindow) -> set[str]:
    return {place.name for place in window.panels.places if place.is_made}


def test_the_app_is_there_and_edited_before_anything_heavy_is_loaded():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    heavy, blocks = done.stdout.splitlines()
    before, edited, undone = map(int, blocks.split())
    assert heavy == ""
    assert (edited, undone) == (before + 1, before)


def test_no_panel_is_made_before_it_is_needed(window, qtbot):
    assert made(window) == set()
    window.docks.show("weightCurve")
    qtbot.waitUntil(lambda: made(window) == {"weightCurve"})
    window.docks.show("weightPlot")  # has nothing to show yet
    window.docks.show("predictions")
    qtbot.waitUntil(lambda: made(window) == {"weightCurve", "predictions"})


def test_panels_bear_their_names_before_and_after(window):
    for place in window.panels.places:
        assert window.findChild(type(place), place.name) is place
        assert window.docks[place.name].windowTitle() == place.title == place.panel.title
        assert window.findChild(type(place.panel), place.name) is place.panel
        assert place.objectName() != place.name


def test_nothing_appears_on_the_screen_while_panels_are_made(window, qapp):
    class Shown(QObject):
        windows: list[QWidget]

        def eventFilter(self, watched, event):
            if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
                self.windows.append(watched)
            return False

    shown = Shown()
    shown.windows = []
    qapp.installEventFilter(shown)
    assert len(list(window.panels)) == len(window.panels.places)
    assert len(window.backprop.panel.lenses) > 5
    qapp.removeEventFilter(shown)
    assert shown.windows == []


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_docks_keep_their_places_when_panels_are_made(window, qtbot, scale):
    theme().set_text_scale(scale)
    before = {place.name: place.minimumSizeHint() for place in window.panels.places}
    for place in window.panels.places:
        place.panel.ensurePolished()
        promised = LEAST[place.name][int(scale) - 1]
        assert place.panel.minimumSizeHint().toTuple() == pytest.approx(promised.toTuple(), rel=0.05)
        assert place.minimumSizeHint().toTuple() == pytest.approx(before[place.name].toTuple(), rel=0.05)


def test_a_panel_nobody_has_looked_at_shows_the_whole_run(window, qtbot):
    window.docks["lossPlot"].hide()
    open_example(window, "xor", epochs=3)
    play_to_the_end(qtbot, window)
    assert "lossPlot" in made(window)
    assert "weightPlot" not in made(window)
    window.docks.show("lossPlot")
    loss = window.panels.of(LossPanel)
    qtbot.waitUntil(lambda: loss.seen and loss.filled)
    assert list(loss.history.steps.values) == list(range(1, window.feed.steps + 1))
    window.docks.show("weightPlot")
    qtbot.waitUntil(lambda: "weightPlot" in made(window))
    weights = window.panels.of(WeightPanel)
    qtbot.waitUntil(lambda: weights.filled)
    assert weights.latest is not None
    assert weights.latest.step == window.feed.steps


def test_what_can_wait_is_made_at_rest_and_torch_comes_last(window, qapp, qtbot, monkeypatch):
    asked: list[str] = []
    collector = GuiCollector(qapp)
    monkeypatch.setattr("engine.session.load", lambda: asked.append("torch"))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    readying = Readying(window.panels, window.backprop.panel, collector, window)
    try:
        with qtbot.waitSignal(readying.finished, timeout=PATIENCE):
            readying.start()
        assert made(window) == {place.name for place in window.panels.places}
        assert not window.backprop.panel.prepare()
        assert asked == ["torch"]
        assert gc.get_freeze_count() > 0
    finally:
        collector.stop()
        collector.deleteLater()
        gc.unfreeze()
