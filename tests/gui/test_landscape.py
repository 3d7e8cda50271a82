"""The loss surface in a real window, over real trainings."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from engine import edits
from engine.events import WeightsTaken
from engine.graph import Project
from gui.format import format_number
from gui.main_window import MainWindow
from gui.plots.landscape.mesh import MeshView
from gui.plots.landscape.panel import LandscapePanel, broken
from gui.plots.levels import make_levels
from tests.helpers.windows import (
    PATIENCE,
    main_window,
    open_example,
    panel_of,
    play_to_the_end,
    wait_for,
    wait_for_worker,
)


def opened(qtbot, window: MainWindow, example: str, **training: object) -> LandscapePanel:
    """The panel in front, on an example."""
    open_example(window, example, **training)
    window.docks.arrange()
    window.docks.show("landscapePlot")
    panel = panel_of(window, LandscapePanel)
    qtbot.waitUntil(lambda: panel.seen, timeout=PATIENCE)
    return panel


def computed(qtbot, panel: LandscapePanel) -> None:
    """Wait for what was asked for."""
    qtbot.waitUntil(lambda: panel._progress is None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel.surface is panel._drawn_surface and panel.path is panel._drawn_path, timeout=PATIENCE)


def choose_span(panel: LandscapePanel, span: str) -> None:
    panel.choices.span_box.setCurrentIndex(panel.choices.span_box.findData(span))
    panel.choices.span_box.activated.emit(panel.choices.span_box.currentIndex())


def weights_of(qtbot, window: MainWindow) -> dict[str, np.ndarray]:
    taken: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, taken.append)
    request = window.feed.next_request()
    window.feed.session.weights(request)
    qtbot.waitUntil(lambda: any(each.request == request for each in taken), timeout=PATIENCE)
    window.feed.off(WeightsTaken, taken.append)
    return dict(next(each for each in taken if each.request == request).weights)


def test_the_empty_panel_says_what_it_is_for_and_its_button_computes(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "linear-fit")
        assert not panel.filled
        button = panel._empty.findChild(QPushButton)
        assert button.text() == "Compute the surface"
        button.click()
        computed(qtbot, panel)
        assert panel.filled
        assert panel.contours.grid[2].shape == (41, 41)
        assert panel.choices.weights[0].text() == "x: line.weight[1, 1]"
        assert panel.choices.weights[1].text() == "y: line.bias[1]"


def test_the_bowl_of_the_linear_fit_and_the_path_into_it(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "linear-fit", epochs=20, dtype="float64")
        play_to_the_end(qtbot, window)
        panel.compute()
        computed(qtbot, panel)
        xs, ys, loss = panel.contours.grid
        # A parabola along each row and column: third differences vanish.
        assert np.abs(np.diff(loss, 3, axis=0)).max() < 1e-9
        assert np.abs(np.diff(loss, 3, axis=1)).max() < 1e-9
        now = weights_of(qtbot, window)
        assert panel.path is not None
        assert panel.path.x[-1] == now["line.weight"].item()
        assert panel.path.y[-1] == now["line.bias"].item()
        assert panel.path.steps.tolist() == list(range(101))
        assert np.array_equal(panel.contours.marks.path[1:], broken(panel.path)[1:])
        signs = {place.sign: place for place in panel.contours.marks.places}
        assert (signs["dot"].x, signs["dot"].y) == (now["line.weight"].item(), now["line.bias"].item())
        row, column = np.unravel_index(loss.argmin(), loss.shape)
        assert (signs["cross"].x, signs["cross"].y) == (xs[column], ys[row])
        assert panel.away() == 0
        assert not panel.contours.marks.faded
        assert "step 100" in panel.caption()


def test_the_path_grows_while_it_trains_and_a_plane_left_behind_fades(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "spiral", epochs=100_000)
        panel.compute()
        computed(qtbot, panel)
        window.actions_.play.trigger()
        wait_for(qtbot, window, "running")
        lengths = set()

        def grown() -> bool:
            lengths.add(len(panel.contours.marks.path))
            return len(lengths) >= 3

        qtbot.waitUntil(grown, timeout=PATIENCE)
        qtbot.waitUntil(lambda: panel.contours.marks.faded, timeout=PATIENCE)
        assert panel.path.distance[-1] > 0
        assert "moved out" in panel._warning.text()
        before = panel.surface
        panel.compute()  # beside the training
        qtbot.waitUntil(lambda: panel._progress is None and panel.surface is not before, timeout=PATIENCE)
        assert window.feed.state == "running"
        assert panel.surface.at > before.at
        assert panel.surface.loss.shape == (41, 41)
        window.actions_.play.trigger()
        wait_for(qtbot, window, "paused")
        panel.compute()
        computed(qtbot, panel)
        qtbot.waitUntil(lambda: not panel.contours.marks.faded, timeout=PATIENCE)
        assert panel.away() < 1e-6


@pytest.mark.parametrize("span", ["random", "path"])
def test_other_planes(qtbot, span):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "mazur", epochs=50)
        play_to_the_end(qtbot, window)
        panel.compute()
        computed(qtbot, panel)
        before = panel.surface
        choose_span(panel, span)
        computed(qtbot, panel)
        assert panel.surface is not before
        assert panel.surface.wanted.span == span
        assert panel.choices.row.isHidden()
        assert panel.choices.again.isHidden() == (span != "random")
        if span == "path":
            assert "of the path" in panel.caption()
            assert "%" in panel.contours._names[0]
        else:
            panel.choices.again.click()
            computed(qtbot, panel)
            assert panel.surface.wanted.seed == 1


def test_a_plane_that_does_not_exist_is_told_and_the_picture_stays(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "mazur")
        panel.compute()
        computed(qtbot, panel)
        before = panel.surface
        choose_span(panel, "path")
        qtbot.waitUntil(lambda: "no path yet" in panel._warning.text(), timeout=PATIENCE)
        assert panel.surface is before
        assert panel.filled
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "descent")
        panel.compute()
        qtbot.waitUntil(lambda: "One weight" in panel._empty._text.text(), timeout=PATIENCE)
        assert not panel.filled


def test_other_weights_are_picked_by_name(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "mazur")
        panel.compute()
        computed(qtbot, panel)
        panel.choices.weights[0].click()
        found = panel.choices._list
        found.field.setText("output.weight[1")
        found.field.searched.emit("output.weight[1")
        assert found.shown() == ["output.weight[1, 1]", "output.weight[1, 2]"]
        found._take()
        computed(qtbot, panel)
        assert panel.surface.wanted.entries == panel.choices.wanted().entries
        assert panel.choices._entries[0] == ("output.weight", (0, 0))
        assert panel.contours._names[0] == "output.weight[1, 1]"


def test_a_click_asks_and_starts_from_there_and_step_back_undoes_it(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "linear-fit", epochs=2, dtype="float64")
        play_to_the_end(qtbot, window)
        panel.compute()
        computed(qtbot, panel)
        before = weights_of(qtbot, window)
        xs, ys, heights = panel.contours.grid
        x, y = float(xs[30]), float(ys[10])
        assert "here" not in panel.caption()
        QTest.mouseClick(panel.contours.plot.viewport(), Qt.MouseButton.LeftButton, pos=panel.contours.point_of(x, y))
        assert panel.card is not None
        assert panel.card.isVisible()
        assert window.rect().contains(panel.card.geometry())
        QTest.keyClick(panel.card, Qt.Key.Key_Escape)
        assert not panel.card.isVisible()
        assert weights_of(qtbot, window) == before
        panel.contours.clicked.emit(x, y)
        panel.card.button.click()
        qtbot.waitUntil(lambda: panel.path is not None and panel.path.x[-1] == x, timeout=PATIENCE)
        now = weights_of(qtbot, window)
        assert (now["line.weight"].item(), now["line.bias"].item()) == (x, y)
        # The line has a gap: no step led there.
        qtbot.waitUntil(lambda: np.isnan(panel.contours.marks.path).any(), timeout=PATIENCE)
        assert panel.contours.marks.places[-1].x == x
        assert f"here ≈ {format_number(float(heights[10, 30]), 3)}" in panel.caption()
        window.actions_.step_back.trigger()
        qtbot.waitUntil(lambda: panel.path.step == 9 and panel.path.x[-1] != x, timeout=PATIENCE)
        assert weights_of(qtbot, window)["line.weight"].item() != x


def test_an_edited_network_makes_it_stale(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "mazur", epochs=5)
        play_to_the_end(qtbot, window)
        panel.compute()
        computed(qtbot, panel)
        window.document.edit("settings", *edits.set_training(window.document.project, {"batch_size": 2}))
        window.feed.apply()
        wait_for_worker(qtbot, window)
        assert not panel.contours.marks.faded  # it is a surface of the same network
        project = edits.set_params(window.document.project, "loss", {"function": "mse"})
        window.document.edit("edit", *project)
        window.feed.apply()
        qtbot.waitUntil(lambda: "edited" in panel._warning.text(), timeout=PATIENCE)
        assert panel.contours.marks.faded
        panel.compute()
        computed(qtbot, panel)
        assert not panel.contours.marks.faded
        window.document.undo_stack.setClean()
        window.document.replace(Project())
        assert not panel.filled
        assert panel.surface is None


def test_a_long_one_shows_its_progress_and_can_be_given_up(qtbot):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "fashion-dense")
        panel.choices._choose("_side", 81)
        qtbot.waitUntil(lambda: panel.cancel_button.isVisible() and panel.filled, timeout=PATIENCE)
        assert "%" in panel.caption()
        coarse = panel.contours.grid[2].shape
        panel.cancel_button.click()
        computed(qtbot, panel)
        assert panel.contours.grid[2].shape < (81, 81)
        assert panel.contours.grid[2].shape >= coarse
        assert panel.compute_button.isVisible()
        assert "1,000 of 9,000 samples" in panel.caption()


def test_the_numbers_and_pictures_are_saved(qtbot, tmp_path):
    with main_window(qtbot) as window:
        panel = opened(qtbot, window, "mazur", epochs=5)
        play_to_the_end(qtbot, window)
        panel.compute()
        computed(qtbot, panel)
        header, rows = panel.table()
        assert header[2] == "loss"
        table = [list(row) for row in rows]
        assert len(table) == 41 * 41
        xs, ys, loss = panel.contours.grid
        assert table[42] == [xs[1], ys[1], loss[1, 1]]
        from gui.saving import save_table

        save_table(header, table, tmp_path / "a.csv")
        with (tmp_path / "a.csv").open() as file:
            assert float(list(csv.reader(file))[1][2]) == loss[0, 0]
        for solid in (False, True):
            panel.solid.setChecked(solid)
            for suffix in ("png", "svg"):
                panel.save_picture(tmp_path / f"{solid}.{suffix}")
                assert (tmp_path / f"{solid}.{suffix}").stat().st_size > 2000


# -- in three dimensions --


@pytest.fixture
def mesh(qtbot) -> MeshView:
    view = MeshView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    xs, ys = np.linspace(-1, 1, 41), np.linspace(-1, 1, 41)
    values = xs[None, :] ** 2 + ys[:, None] ** 2
    view.set_grid(xs, ys, values, make_levels(values))
    view.show()
    qtbot.waitExposed(view)
    return view


def test_what_is_near_covers_what_is_far(mesh):
    """Of a bowl seen from the side, the near wall; seen from above, the ground."""
    mesh.azimuth, mesh.elevation = 0.0, 90.0
    picture = mesh.grab().toImage()
    middle = mesh.project(mesh._in_box(np.array([[0.0, 0.0]])))[0]
    lowest = picture.pixelColor(QPoint(round(middle[0]), round(middle[1])))
    mesh.elevation = 5.0
    picture = mesh.grab().toImage()
    there = mesh.project(mesh._in_box(np.array([[0.0, 0.0]])))[0]
    covered = picture.pixelColor(QPoint(round(there[0]), round(there[1])))
    assert lowest.lightness() < 60  # dark violet
    assert covered != lowest
    near = mesh.project(np.array([[0.0, -0.5, 0.0]]))[0, 2]
    far = mesh.project(np.array([[0.0, 0.5, 0.0]]))[0, 2]
    assert near > far


def test_the_whole_box_is_in_the_picture_however_it_is_turned(mesh):
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
    for azimuth in range(0, 360, 15):
        for elevation in (5.0, 35.0, 60.0, 90.0):
            mesh.azimuth, mesh.elevation = float(azimuth), elevation
            flat = mesh.project(corners)
            assert flat[:, 0].min() >= 0
            assert flat[:, 0].max() <= mesh.scale.x()
            assert flat[:, 1].min() >= 0
            assert flat[:, 1].max() <= mesh.height()


def test_it_is_turned_by_mouse_and_keys(mesh):
    QTest.mousePress(mesh, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(mesh, QPoint(140, 120))
    QTest.mouseRelease(mesh, Qt.MouseButton.LeftButton, pos=QPoint(140, 120))
    assert (mesh.azimuth, mesh.elevation) == (15.0, 45.0)
    QTest.keyClick(mesh, Qt.Key.Key_Left)
    QTest.keyClick(mesh, Qt.Key.Key_Up)
    assert (mesh.azimuth, mesh.elevation) == (20.0, 50.0)
    for _ in range(100):
        QTest.keyClick(mesh, Qt.Key.Key_Up)
    assert mesh.elevation == 90.0


def test_gaps_are_left_and_the_path_is_drawn(mesh):
    xs, ys = np.linspace(-1, 1, 81), np.linspace(-1, 1, 81)
    values = xs[None, :] ** 2 + ys[:, None] ** 2
    values[:20, :20] = np.inf
    mesh.set_grid(xs, ys, values, make_levels(values))
    mesh.azimuth, mesh.elevation = 0.0, 90.0
    mesh.set_path(np.array([[0.5, 0.5], [0.9, 0.9]]))
    picture = mesh.grab().toImage()
    hole = mesh.project(np.array([[-0.4, -0.4, 0.0]]))[0]
    assert picture.pixelColor(QPoint(round(hole[0]), round(hole[1]))) == QColor(picture.pixelColor(QPoint(2, 2)))
    line = mesh.project(mesh._in_box(np.array([[0.7, 0.7]])))[0]
    assert picture.pixelColor(QPoint(round(line[0]), round(line[1]))).lightness() > 140
