"""The page of a step: everything in it, nothing but it, and well-formed."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainterPath
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from engine import block as blocks
from engine import edits
from engine.moments import Values
from gui.main_window import MainWindow
from gui.mathtext import EM, formula_path
from gui.notices import notices
from gui.report.figures import Figures
from gui.report.outline import formula, path_data
from gui.report.page import html
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
XMLNS = re.compile(r'xmlns(:\w+)?="[^"]*"')
VOID = {"meta", "img", "br"}


def saved(qtbot: QtBot, window: MainWindow, name: str, path: Path, **training: object) -> str:
    if name:
        open_example(window, name, **training)
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.panel.shown is not None, timeout=PATIENCE)
    window.reports.save(path)
    qtbot.waitUntil(lambda: not window.reports.busy, timeout=PATIENCE)
    assert path.exists(), [notice.text for notice in notices().history]
    return path.read_text("utf-8")


def tree(text: str) -> ElementTree.Element:
    """The page as XML, which it is, too."""
    return ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))


class Balance(HTMLParser):
    """Every tag that is opened is closed again, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.targets += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def numbers_in(page: ElementTree.Element) -> set[str]:
    found = {cell.text or "" for kind in ("td", "output") for cell in page.iter(XHTML + kind)}
    exact = (part.text or "" for part in page.iter(XHTML + "p") if part.get("class") == "exact")
    return found | {word for text in exact for word in text.split()}


def test_all_numbers_of_mazurs_page_stand_in_it(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    text = saved(qtbot, window, "mazur", tmp_path / "mazur.html")
    golden = json.loads((GOLDEN / "mazur_2_2_2.json").read_text())["step1"]
    found = np.array([float(word) for word in numbers_in(tree(text)) if re.fullmatch(r"-?[\d.]+(e-?\d+)?", word)])
    checked = 0
    for key, value in golden.items():
        for number in np.ravel(np.array(value, dtype=float)) if not isinstance(value, dict) else ():
            assert np.isclose(found, number, rtol=1e-11, atol=0).any(), (key, number)
            checked += 1
    assert checked > 20


def test_it_is_one_well_formed_page_with_nothing_from_outside(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    text = saved(qtbot, window, "mazur", tmp_path / "mazur.html")
    assert text.startswith("<!DOCTYPE html>")
    reader = Balance()
    reader.feed(text)
    assert reader.open == []
    assert not reader.tags & {"script", "link", "iframe", "object", "embed", "form"}
    assert len(reader.ids) == len(set(reader.ids))
    assert all(target.startswith("#") and target[1:] in reader.ids for target in reader.targets)
    assert "http" not in XMLNS.sub("", text)
    assert "url(" not in text.replace("url(#", "")
    assert "@import" not in text
    page = tree(text)
    step = window.backprop.step
    assert step is not None
    sections = [section.get("id") for section in page.iter(XHTML + "section")]
    assert sections == [f"moment-{index}" for index in range(len(step.moments))]  # every moment, in order
    assert [target for target in reader.targets if target.startswith("#moment")] == [f"#{name}" for name in sections]
    title = page.find(f"{XHTML}head/{XHTML}title")
    assert title is not None
    assert title.text == f"{window.document.title}: one training step"


def test_formulas_are_outlines_with_their_latex(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    text = saved(qtbot, window, "mazur", tmp_path / "mazur.html")
    page = tree(text)
    lines = [part for part in page.iter(XHTML + "p") if part.get("class") == "math"]
    assert len(lines) > 30
    for line in lines:
        assert line.get("aria-label") == line.get("title")
        assert line.get("aria-label")
        assert list(line)
        for drawn in line:
            assert drawn.tag == SVG + "svg"
            alone = ElementTree.tostring(drawn)
            assert QSvgRenderer(QByteArray(alone)).isValid()
    labels = "\n".join(line.get("aria-label") or "" for line in lines)
    assert r"y = x\, W^{\top} + b" in labels
    assert r"\dfrac{\partial L}{\partial" in labels
    picture = next(part for part in page.iter(XHTML + "div") if part.get("class") == "network")[0]
    assert picture.tag == SVG + "svg"
    assert QSvgRenderer(QByteArray(ElementTree.tostring(picture))).isValid()


def test_a_large_network_makes_a_page_of_bounded_size(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_example(window, "fashion-cnn")
    qtbot.waitUntil(lambda: window.document.result.trainable, timeout=PATIENCE)
    text = saved(qtbot, window, "", tmp_path / "cnn.html")
    assert len(text) < 5_000_000
    page = tree(text)
    pictures = list(page.iter(XHTML + "img"))
    assert pictures
    for picture in pictures:
        kind, _, data = (picture.get("src") or "").partition(",")
        assert kind == "data:image/png;base64"
        assert not QImage.fromData(base64.b64decode(data)).isNull()
        assert picture.get("alt")


def test_names_are_escaped(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_example(window, "mazur")
    evil = "<script>alert(1)</script> & \"x\" <img src='http://there'>"
    window.document.edit("name", *edits.set_meta(window.document.project, name=evil))
    text = saved(qtbot, window, "", tmp_path / "evil.html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert "<img src='http" not in text
    tree(text)


def test_a_wrong_block_and_a_frozen_parameter_are_told(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = blocks.block_named("Dense")
    assert dense is not None
    right = type(dense).grads
    monkeypatch.setattr(
        type(dense), "grads", lambda self, c: {**right(self, c), "weight": 2 * right(self, c)["weight"]}
    )
    text = saved(qtbot, window, "mazur", tmp_path / "wrong.html")
    faults = [part for part in tree(text).iter() if part.get("class") == "fault"]
    assert len(faults) >= 4  # at the head, and at each of the two blocks
    assert "Formula and autograd disagree" in text


def test_it_is_given_up_whole(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "mazur.html"
    path.write_text("before")
    open_example(window, "mazur")
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.panel.shown is not None, timeout=PATIENCE)
    window.reports.save(path)
    window.reports._given_up.set()
    qtbot.waitUntil(lambda: not window.reports.busy, timeout=PATIENCE)
    assert path.read_text() == "before" or path.read_text().endswith("</html>\n")
    assert [each.name for each in tmp_path.iterdir()] == ["mazur.html"]


def test_the_menu_takes_the_step_apart_first(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "step.html"
    monkeypatch.setattr("gui.report.saving.ask_save_path", lambda *_: path)
    open_example(window, "xor")
    window.actions_.save_step.trigger()
    qtbot.waitUntil(path.exists, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.reports.busy, timeout=PATIENCE)
    assert window.backprop.active
    tree(path.read_text("utf-8"))


def test_every_piece_comes_as_it_is_written(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.panel.shown is not None, timeout=PATIENCE)
    shown = window.backprop.panel.shown
    assert shown is not None
    told: list[int] = []
    pieces = list(html(window.reports._content(shown), told.append))
    assert told == list(range(1, len(shown.step.moments) + 1))
    assert len(pieces) > len(told)


def test_an_outline_says_what_the_path_says() -> None:
    path = formula_path(r"\frac{\partial L}{\partial w} = \sqrt{2}", EM)
    data = path_data(path)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -150 600 300"><path d="{data}"/></svg>'
    assert QSvgRenderer(QByteArray(svg.encode())).isValid()
    x = y = 0
    left, right = [], []
    for command, numbers in re.findall(r"([mlc])([-\d ]+)", data):
        values = [int(number) for number in re.findall(r"-?\d+", numbers)]
        assert len(values) == (6 if command == "c" else 2)
        points = [(x + values[place], y + values[place + 1]) for place in range(0, len(values), 2)]
        x, y = points[-1]
        left += [point[0] for point in points]
        right += [point[1] for point in points]
    box = path.controlPointRect()
    assert (min(left), max(left)) == pytest.approx((box.left(), box.right()), abs=1)
    assert (min(right), max(right)) == pytest.approx((box.top(), box.bottom()), abs=1)
    assert path_data(QPainterPath()) == ""


def test_what_cannot_be_set_is_shown_as_it_is_written() -> None:
    assert formula(r"\nonsense{<b>}") == '<p class="math"><code>\\nonsense{&lt;b&gt;}</code></p>'


def test_small_tensors_are_exact_and_large_ones_pictures() -> None:
    figures = Figures()

    def made(array: np.ndarray) -> str:
        return figures.figure("t", Values.of("out", array, "k"), array)

    third = np.array([[1 / 3, -2.0]])
    assert "0.3333333333333333" in made(third)
    assert "<output>0.1</output>" in made(np.array(0.1, np.float32))
    assert "<output>7</output>" in made(np.array([7]))
    middle = made(np.linspace(0, 1, 120).reshape(10, 12) / 3)
    assert middle.count("<td") == 120
    assert "0.333333<" in middle
    large = np.random.default_rng(0).random((2, 3, 28, 28))
    assert "<img" in made(large)
    again = made(large)
    assert "<img" not in again
    assert 'href="#picture-1"' in again
