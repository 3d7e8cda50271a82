"""Formulas as vector outlines, and the widget that shows them."""

from __future__ import annotations

import math
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from engine.block import Block, registry
from engine.param import Choice, parse_all
from gui import mathtext
from gui.colors import LIGHT
from gui.formula import FormulaError, FormulaWidget, formula_path
from gui.mathtext import formula_ready, pieces
from gui.theme import theme

TANH = r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \odot (1 - a^2)"
NORM = r"\hat{x} = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}"
CASES = r"f(z) = \begin{cases} z & z > 0 \\ 0 & \mathrm{otherwise} \end{cases}"
LONG = r"y_{n,k} = b_k + w_{k,1} x_{n,1} + w_{k,2} x_{n,2} + w_{k,3} x_{n,3} + w_{k,4} x_{n,4}"


def box(latex: str, size: float = 100.0):
    return formula_path(latex, size).boundingRect()


@pytest.mark.parametrize("latex", [r"y = x W^{\top} + b", r"x_{n}^{2}", r"\alpha + \beta", r"\sqrt{\sigma}"])
def test_outline_is_the_one_matplotlib_makes(latex: str):
    theirs = TextPath((0, 0), f"${latex}$", size=100, prop=FontProperties(math_fontfamily="stix")).get_extents()
    ours = box(latex)
    assert (ours.left(), ours.right()) == pytest.approx((theirs.x0, theirs.x1), abs=0.5)
    # Matplotlib counts y upwards.
    assert (ours.top(), ours.bottom()) == pytest.approx((-theirs.y1, -theirs.y0), abs=0.5)


def test_size_scales():
    small, large = box(TANH, 10.0), box(TANH, 40.0)
    assert large.width() == pytest.approx(4 * small.width())
    assert large.top() == pytest.approx(4 * small.top())


def test_fractions_in_the_line_are_as_large_as_text():
    assert box(r"\frac{a}{b}").height() > box("a").height() + box("b").height()
    assert box(r"x^{\frac{a}{b}}").height() < box(r"x\frac{a}{b}").height()


def test_cases_stand_behind_a_brace_around_the_axis():
    one, two = box(CASES), box(r"f(z) = z")
    assert one.height() > 2 * two.height()
    assert one.width() > two.width()
    middle = (one.top() + one.bottom()) / 2
    assert middle == pytest.approx(-25, abs=12)  # the axis is a quarter em above the baseline
    three = box(r"f(z) = \begin{cases} z & z > 0 \\ 1 & z = 0 \\ 0 & \mathrm{otherwise} \end{cases}")
    assert three.height() > 1.3 * one.height()


@pytest.mark.parametrize(
    ("spelled", "same"),
    [(r"a \le b", r"a \leq b"), (r"\lVert w \rVert", r"\Vert  w \Vert "), (r"\boldsymbol{x}", r"\mathbf{x}")],
)
def test_common_spellings_are_understood(spelled: str, same: str):
    assert formula_path(spelled, 20) == formula_path(same, 20)


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{a}{",
        r"\undefined{x}",
        "a^",
        r"\begin{pmatrix}a\end{pmatrix}",
        "$",
        "x_y_z",
        r"\begin{cases}\end{cases}",
        "{}",
    ],
)
def test_what_cannot_be_set_is_one_kind_of_error(latex: str):
    for _ in range(2):  # kept, too
        with pytest.raises(FormulaError):
            formula_path(latex, 20)
    assert formula_ready(latex)


@given(st.lists(st.sampled_from([*r"\{}^_$&abx1 =+()", r"\frac", r"\begin{cases}", r"\end{cases}"]), max_size=12))
def test_any_text_is_drawn_or_refused(parts: list[str]):
    latex = "".join(parts)
    pieces(latex)
    try:
        path = formula_path(latex, 20)
    except FormulaError:
        path = None
    assert formula_ready(latex)
    assert path is None or math.isfinite(path.boundingRect().width() + path.boundingRect().height())


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (TANH, [r"\frac{\partial L}{\partial z}", r"= \frac{\partial L}{\partial a}", r"\odot (1 - a^2)"]),
        (r"y = -x + f(a + b)", ["y", "= -x", "+ f(a + b)"]),
        (r"a \quad b", ["a", "b"]),
        (CASES, [CASES]),
        (r"\{a = b\}", [r"\{a = b\}"]),
        ("", []),
    ],
)
def test_lines_break_at_relations_and_sums(latex: str, parts: list[str]):
    assert pieces(latex) == parts


def test_formulas_of_all_blocks_can_be_set():
    lines = {
        line
        for block in registry().values()
        for formula in map(block.formula, settings_of(block))
        for line in (*formula.forward, *formula.backward, *(symbol for symbol, _ in formula.symbols))
    }
    assert len(lines) > 50
    wrong = {}
    for line in lines:
        for part in (line, *pieces(line)):
            try:
                formula_path(part, 20)
            except FormulaError as error:
                wrong[line] = str(error)
    assert wrong == {}


def settings_of(block: Block) -> list[dict[str, object]]:
    """The default parameters of a block, and those with each other choice (another activation, another loss)."""
    start, errors = parse_all(block.params, {})
    assert errors == []
    choices = {name: param.options for name, param in block.params.items() if isinstance(param, Choice)}
    return [start, *({**start, name: option} for name, options in choices.items() for option in options)]


def test_importing_the_widget_leaves_matplotlib_alone():
    code = "import sys, gui.formula; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def shown(qtbot):
    def show(lines, width: int = 600, wait: bool = True) -> FormulaWidget:
        widget = FormulaWidget(lines)
        qtbot.addWidget(widget)
        widget.resize(width, widget.heightForWidth(width))
        widget.show()
        if wait:
            qtbot.waitUntil(lambda: widget.ready)
        widget.resize(width, widget.heightForWidth(width))
        return widget

    return show


def ink(widget: FormulaWidget) -> QRect:
    """Where anything is drawn, in device pixels."""
    image = widget.grab().toImage()
    paper = image.pixel(0, image.height() - 1)
    rows = [y for y in range(image.height()) if any(image.pixel(x, y) != paper for x in range(image.width()))]
    columns = [x for x in range(image.width()) if any(image.pixel(x, y) != paper for y in range(image.height()))]
    if not rows:
        return QRect()
    return QRect(QPoint(columns[0], rows[0]), QPoint(columns[-1], rows[-1]))


def test_outlines_are_made_outside_the_gui_thread(shown, monkeypatch):
    threads = []
    make = mathtext._with_cases

    def watched(latex: str):
        threads.append(threading.get_ident())
        return make(latex)

    monkeypatch.setattr(mathtext, "_with_cases", watched)
    widget = shown(r"q_{17} = \frac{1}{17}", wait=False)
    assert not widget.ready
    assert widget.heightForWidth(600) > 0
    widget = shown(r"q_{17} = \frac{1}{17}")
    assert threads
    assert threading.get_ident() not in threads


def test_a_widget_gone_before_its_outline_is_no_harm(qtbot, monkeypatch):
    widget = FormulaWidget(r"g_{23} = \frac{2}{3}")
    assert not widget.ready
    widget.deleteLater()
    del widget
    qtbot.waitUntil(lambda: formula_ready(r"g_{23} = \frac{2}{3}"))
    qtbot.wait(20)


def test_the_last_lines_given_are_shown(shown, qtbot):
    widget = shown(r"h_{1} = 2", wait=False)
    widget.set_lines([r"h_{2} = 3", NORM])
    qtbot.waitUntil(lambda: widget.ready)
    assert widget.lines == (r"h_{2} = 3", NORM)
    assert widget.accessibleName() == f"h_{{2}} = 3\n{NORM}"


def test_everything_is_inside_and_in_the_colour_of_text(shown):
    theme().set_mode("light")
    widget = shown([TANH, NORM, CASES])
    drawn = ink(widget)
    assert widget.rect().adjusted(-1, -1, 1, 1).contains(drawn)
    assert drawn.height() > widget.height() - 4
    image = widget.grab().toImage()
    darkest = min(
        (image.pixelColor(x, y) for x in range(drawn.left(), drawn.right()) for y in range(0, drawn.bottom(), 2)),
        key=lambda color: color.lightness(),
    )
    assert darkest.name() == LIGHT.text
    theme().set_mode("system")


@pytest.mark.parametrize("width", [600, 330, 200, 120, 60])
@pytest.mark.parametrize("latex", [LONG, TANH, CASES, r"\mathrm{averyveryverylongnamewithoutanybreak}"])
def test_no_width_is_too_small(shown, latex: str, width: int):
    widget = shown(latex, width)
    drawn = ink(widget)
    assert drawn.right() <= width
    assert drawn.bottom() <= widget.height()


def test_narrow_lines_break_into_rows(shown):
    wide, narrow = shown(LONG, 700), shown(LONG, 200)
    assert narrow.height() > 2 * wide.height()


def test_text_that_is_no_formula_is_shown_as_it_is(shown):
    widget = shown([r"\undefined{<b>x</b>}", "y = x"])
    assert ink(widget).height() > 20
    assert widget.latex() == "\\undefined{<b>x</b>}\ny = x"


def test_copy_as_latex(shown, qtbot):
    widget = shown(TANH)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(3, 3), widget.mapToGlobal(QPoint(3, 3)))
    QGuiApplication.sendEvent(widget, event)
    [menu] = widget.findChildren(QMenu)
    latex, picture = menu.actions()
    assert (latex.text(), picture.text()) == ("Copy as LaTeX", "Copy as picture")
    latex.trigger()
    assert QGuiApplication.clipboard().text() == TANH
    picture.trigger()
    image = QGuiApplication.clipboard().image()
    assert image.width() > image.height() > 60
    assert image.pixelColor(0, 0).name() == "#ffffff"
    dark = sum(image.pixelColor(x, image.height() // 2).lightness() < 80 for x in range(image.width()))
    assert dark > 10
    menu.close()


def test_the_copy_key_copies_what_has_the_focus(shown, qtbot):
    widget = shown(TANH)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    QGuiApplication.clipboard().clear()
    QTest.keyClick(widget, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == TANH


def test_text_that_is_no_formula_makes_no_picture(shown):
    assert shown(r"\undefined{x}").picture().isNull()


def test_text_scale_enlarges(shown):
    widget = shown(TANH, 600)
    before = widget.heightForWidth(600)
    theme().set_text_scale(2.0)
    assert widget.heightForWidth(600) == pytest.approx(2 * before, rel=0.05)
    theme().set_text_scale(1.0)
    QGuiApplication.sendPostedEvents(widget, QEvent.Type.LayoutRequest.value)
    assert widget.sizePolicy().hasHeightForWidth()
    assert widget.testAttribute(Qt.WidgetAttribute.WA_WState_Created)


# -- numbers, set glyph by glyph --


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{\partial L}{\partial x_{1,1}} = (-0.017963) \cdot 0.15953 + 0.031778 \cdot (-0.30764) = -0.016423",
        r"w'_{1,1} = 0.15 - 0.5 \cdot 0.00043857 = 0.14978",
        r"y_{1} = 1.4605 \cdot 10^{-6} \cdot 0.65902 = 9.6252 \cdot 10^{-7}",
        r"0.5 + \underset{8\ \mathrm{terms}}{\dots} + 0.25 = 0.75",
        r"-0.25 \cdot 4 = -1",
    ],
)
def test_numbers_are_set_as_mathtext_sets_them(latex: str) -> None:
    ours, theirs = mathtext._of_numbers(latex), mathtext._with_cases(latex)
    assert ours is not None
    one, other = ours.boundingRect(), theirs.boundingRect()
    assert one.width() == pytest.approx(other.width(), rel=0.01)
    assert (one.top(), one.bottom()) == pytest.approx((other.top(), other.bottom()), abs=1.0)
    assert ours.elementCount() == theirs.elementCount()


@pytest.mark.parametrize("latex", [r"y = W x + b", r"a = 1 \qquad b = 2", r"y = \begin{cases} 1 & x > 0 \end{cases}"])
def test_other_formulas_are_left_to_mathtext(latex: str) -> None:
    assert mathtext._of_numbers(latex) is None


def test_what_is_coming_is_told_in_plain_letters(qtbot: QtBot) -> None:
    latex = r"\frac{\partial L}{\partial W_{1,2}} = \sum_{n} \delta_{n} \cdot 0.25"
    assert mathtext.plain_text(latex) == "∂ L / ∂ W1,2 = ∑n δn · 0.25"
    assert mathtext.plain_text(r"x, y \;\mathrm{as\ in\ the\ data}") == "x, y as in the data"
    widget = FormulaWidget()
    qtbot.addWidget(widget)
    widget.resize(300, 40)
    empty = widget.grab().toImage()
    widget.announce([latex, latex])
    assert widget.lines == ()
    assert widget.grab().toImage() != empty


@pytest.mark.parametrize(
    "latex",
    [
        r"y = x W^{\top} + b",
        r"\dfrac{\partial L}{\partial b} = \sum_{n} \delta_{n}",
        r"y_{o} = b_{o} + \sum_{c} W_{o,c}\ x_{c}",
        r"y = \begin{cases} x & x > 0 \\ 0.01\,x & x \leq 0 \end{cases}",
    ],
)
def test_a_formula_finds_its_room_kept_and_nothing_in_its_place(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, latex: str
) -> None:
    empty, widget = FormulaWidget(), FormulaWidget()
    for each in (empty, widget):
        qtbot.addWidget(each)
        each.resize(500, 40)
    with monkeypatch.context() as slow:
        slow.setattr("gui.formula.formula_ready", lambda _line: False)
        slow.setattr("gui.formula.run_in_background", lambda *_: None)
        widget.set_lines([latex, latex])
        assert not widget.ready
        assert widget.grab().toImage() == empty.grab().toImage()
        kept = widget.heightForWidth(500)
    mathtext.prepare([latex])
    set_at_once = FormulaWidget([latex, latex])
    qtbot.addWidget(set_at_once)
    qtbot.waitUntil(lambda: set_at_once.ready)
    assert kept == pytest.approx(set_at_once.heightForWidth(500), abs=8.0)  # half a line of 17 px
