"""Contours: lines by marching squares, levels, and what the view reports."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.colormaps import viridis
from gui.plots.contour_marks import pieces
from gui.plots.contour_view import ContourView, Place
from gui.plots.isolines import interpolate, isolines
from gui.plots.levels import Levels, make_levels, prefers_log

XS, YS = np.linspace(-2.0, 2.0, 41), np.linspace(-1.0, 3.0, 31)
X, Y = np.meshgrid(XS, YS)


def test_a_circle_is_one_closed_line() -> None:
    lines = isolines(XS, YS, X**2 + (Y - 1) ** 2, 1.0)
    assert len(lines) == 1
    assert np.array_equal(lines[0][0], lines[0][-1])
    radii = np.hypot(lines[0][:, 0], lines[0][:, 1] - 1)
    assert np.abs(radii - 1).max() < 0.01


def test_lines_of_a_plane_are_exact_and_go_from_border_to_border() -> None:
    (line,) = isolines(XS, YS, 2 * X - 3 * Y, 0.7)
    assert np.allclose(2 * line[:, 0] - 3 * line[:, 1], 0.7, atol=1e-12)
    for end in (line[0], line[-1]):
        assert end[0] in (XS[0], XS[-1]) or end[1] in (YS[0], YS[-1])


def test_every_point_of_a_line_lies_at_its_height_and_every_crossing_is_on_one() -> None:
    values = np.random.default_rng(1).normal(size=(31, 41))
    lines = isolines(XS, YS, values, 0.1)
    points = np.concatenate(lines)
    at = np.array([interpolate(XS, YS, values, np.array([x]), np.array([y]))[0, 0] for x, y in points])
    assert np.allclose(at, 0.1, atol=1e-9)
    above = values > 0.1
    crossings = int((above[:, 1:] ^ above[:, :-1]).sum() + (above[1:] ^ above[:-1]).sum())
    assert len(np.unique(points.round(12), axis=0)) == crossings


def test_saddles_are_cut_by_the_mean_of_the_corners() -> None:
    ends = np.array([0.0, 1.0])
    for values, joined in (([[1.0, 0.0], [0.0, 1.0]], 0.4), ([[0.6, 0.0], [0.0, 0.6]], 0.4)):
        lines = isolines(ends, ends, np.array(values), joined)
        assert len(lines) == 2
        # Where the middle is above the level, the high corners hang together and each line cuts a low one off.
        low_cut = np.mean(values) > joined
        corners = np.array([[1.0, 0.0], [0.0, 1.0]]) if low_cut else np.array([[0.0, 0.0], [1.0, 1.0]])
        for corner in corners:
            assert min(np.abs(line.mean(axis=0) - corner).sum() for line in lines) < 0.8


def test_there_are_no_lines_beside_what_is_not_finite() -> None:
    values = X**2 + Y**2
    values[10:15, 18:23] = np.nan
    values[0, 0] = np.inf
    for line in isolines(XS, YS, values, 1.0):
        assert np.isfinite(line).all()


def test_between_the_points_of_the_grid_heights_are_bilinear() -> None:
    values = 1 + 2 * X - 3 * Y + 0.5 * X * Y
    x, y = np.array([-1.93, 0.01, 1.99]), np.array([-0.5, 2.71])
    wanted = 1 + 2 * x[None, :] - 3 * y[:, None] + 0.5 * x[None, :] * y[:, None]
    assert np.allclose(interpolate(XS, YS, values, x, y), wanted, atol=1e-12)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "values", [[0.0, 1.0], [1e-9, 7e5], [-3.5, 0.2], [0.69, 0.71], [5.0, 1e6], [-1e-7, 1e-7]], ids=str
)
def test_levels_are_round_ascending_and_inside(values: list[float], log: bool) -> None:
    between = np.linspace(values[0], values[1], 500)
    levels = make_levels(np.concatenate([values, between]), log=log)
    assert 3 <= len(levels.lines) <= 20
    assert list(levels.lines) == sorted(set(levels.lines))
    assert all(levels.low < line < levels.high for line in levels.lines)
    assert all(len(f"{line:.4g}".lstrip("-0.")) <= 8 for line in levels.lines)
    places = levels.position(np.array(levels.lines))
    assert (np.diff(places) > 0).all()
    for line, place in zip(levels.lines, places, strict=True):
        assert math.isclose(levels.height(float(place)), line, rel_tol=1e-9, abs_tol=1e-12 * (levels.high - levels.low))


def test_one_height_has_no_lines() -> None:
    for values in (np.full((3, 3), 2.0), np.full((3, 3), np.nan), np.empty(0)):
        assert make_levels(values).lines == ()
        assert np.isfinite(make_levels(values).position(2.0))


def test_a_long_valley_prefers_a_logarithmic_scale() -> None:
    assert prefers_log((1 - X) ** 2 + 100 * (Y - X**2) ** 2 + X**8 * 100)
    assert not prefers_log(X**2 + Y**2)


@pytest.fixture
def view(qtbot: QtBot) -> ContourView:
    found = ContourView()
    qtbot.addWidget(found)
    found.resize(600, 400)
    found.show()
    qtbot.waitExposed(found)
    found.set_names("a.weight[0]", "b <i>")
    found.set_grid(XS, YS, X**2 + Y**2)
    return found


def test_the_picture_has_the_colours_of_its_bands(view: ContourView) -> None:
    view.set_levels(Levels(0.0, 13.0, (1.0, 4.0)))
    picture = view.plot.grab().toImage()
    for x, y in ((0.1, 0.2), (1.2, 0.8), (-1.9, 2.9)):
        band = int(np.searchsorted([1.0, 4.0], x**2 + y**2))
        wanted = view.levels.band_colors()[band]
        found = picture.pixelColor(view.point_of(x, y))
        assert [found.red(), found.green(), found.blue()] == wanted.tolist()
    assert view.levels.band_colors().tolist() != [viridis()[0].tolist()] * 3


def test_a_click_tells_its_place(view: ContourView, qtbot: QtBot) -> None:
    heard: list[tuple[float, float]] = []
    view.clicked.connect(lambda x, y: heard.append((x, y)))
    point = view.point_of(0.5, 1.5)
    with qtbot.waitSignal(view.hovered):
        QTest.mouseMove(view.plot.viewport(), point)
    QTest.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert len(heard) == 1
    assert np.allclose(heard[0], (0.5, 1.5), atol=0.02)
    assert "≈ 2.5" in view.words_at(0.5, 1.5)
    assert view.words_at(5.0, 0.0) == ""


def test_dragging_follows_the_mouse_and_stays_on_the_grid(view: ContourView) -> None:
    view.set_draggable(True)
    moves: list[tuple[float, float]] = []
    ends: list[tuple[float, float]] = []
    clicks: list[float] = []
    view.dragged.connect(lambda x, y: moves.append((x, y)))
    view.released.connect(lambda x, y: ends.append((x, y)))
    view.clicked.connect(lambda x, _: clicks.append(x))
    target, start = view.plot.viewport(), view.point_of(0.0, 0.0)
    QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=start)
    for x, y in ((0.5, 0.5), (1.0, 2.0)):
        QTest.mouseMove(target, view.point_of(x, y))
    QTest.mouseMove(target, start + QPoint(5000, 0))
    QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=start + QPoint(5000, 0))
    assert np.allclose(moves[:2], [(0.5, 0.5), (1.0, 2.0)], atol=0.03)
    assert moves[-1][0] == XS[-1]
    assert ends == [moves[-1]]
    assert clicks == []


def test_the_keyboard_walks_the_grid_and_clicks(view: ContourView, qtbot: QtBot) -> None:
    heard: list[tuple[float, float]] = []
    view.clicked.connect(lambda x, y: heard.append((x, y)))

    def press(key: Qt.Key) -> None:
        view.eventFilter(view.plot, QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))

    press(Qt.Key.Key_Return)
    assert heard == []
    press(Qt.Key.Key_Right)
    press(Qt.Key.Key_Up)
    press(Qt.Key.Key_Return)
    assert heard == [(XS[21], YS[16])]
    press(Qt.Key.Key_Escape)
    assert view.marks.cursor is None


def test_marks_and_paths_are_painted_and_fade(view: ContourView) -> None:
    before = view.plot.grab().toImage()
    view.set_marks(
        [Place("star", 1.0, 2.0, "best"), Place("dot", -1.0, 0.0), Place("cross", 0, 0), Place("ring", 1, 0)]
    )
    view.set_path([[-1.5, 2.5], [np.nan, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert [len(piece) for piece in pieces(view.marks.path)] == [2]  # one point alone is no line
    after = view.plot.grab().toImage()
    assert after.pixelColor(view.point_of(1.0, 2.0)) == QColor("#fbbf24")
    assert after != before
    view.set_faded(True)
    assert view.plot.grab().toImage() != after
    view.clear()
    assert view.value_at(0.0, 0.0) is None


def test_what_does_not_fit_is_refused(view: ContourView) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        view.set_grid(XS, YS, X.T)
