"""Pictures of graphs: SVG, PNG and PDF say the same, on white, in any theme; dialog, clipboard, print, command line."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QByteArray, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QProgressDialog, QPushButton, QWidget

from engine import assets, decorations, files
from engine.cli import main as command_line
from engine.facts import FactsCache
from engine.graph import Project
from engine.plan import check
from engine.problem import GraphError
from engine.result import Result
from gui.__main__ import main
from gui.colors import LIGHT, PAPER
from gui.notices import notices
from gui.pictures import drawing
from gui.pictures.dialog import PictureDialog
from gui.pictures.job import PaintJob
from gui.pictures.pages import Pages
from gui.pictures.print_dialog import PrintPages
from gui.pictures.sheet import Sheet, Wanted
from gui.settings import settings
from gui.theme import theme
from tests.helpers.canvas import chain, make_project, small_net
from tests.helpers.windows import main_window

WHITE = QColor("#ffffff")


def checked(project: Project) -> tuple[Project, Result]:
    return project, check(project, FactsCache(None).lookup)


@pytest.fixture
def net(qapp) -> tuple[Project, Result]:
    project, _ = decorations.add_frame(small_net(), (288.0, -56.0, 520.0, 152.0), "Body", "indigo")
    project, _ = decorations.add_note(
        project, (640.0, 240.0, 240.0, 96.0), "# Why\n\n- one\n- *two*\n\n`code` [link](x)"
    )
    return checked(project)


def rendered(svg: bytes, size: QSize) -> QImage:
    """An SVG as Qt's own renderer draws it."""
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(0xFF00FF)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer = QSvgRenderer(QByteArray(svg))
    assert renderer.isValid()
    renderer.render(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return image


def difference(one: QImage, other: QImage) -> float:
    """Mean difference of the pixels' brightness, 0 to 255."""
    assert one.size() == other.size()
    first, second = (image.convertToFormat(QImage.Format.Format_Grayscale8) for image in (one, other))
    left, right = bytes(first.constBits()), bytes(second.constBits())
    return sum(abs(a - b) for a, b in zip(left, right, strict=True)) / len(left)


def test_svg_draws_what_the_image_shows_and_needs_no_font(net):
    svg = drawing.draw(net[0], net[1], "svg", Wanted())
    image = drawing.image(net[0], net[1], Wanted(scale=1))
    blank = QImage(image.size(), image.format())
    blank.fill(WHITE)
    assert difference(rendered(svg, image.size()), image) < 2.0 < difference(blank, image)
    tree = ElementTree.fromstring(svg)
    names = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert "path" in names
    assert not names & {"text", "image", "script", "foreignObject"}
    box = [float(number) for number in tree.attrib["viewBox"].split()]
    assert box[2:] == [image.width(), image.height()]


def test_pdf_has_one_page_as_large_as_the_drawing_with_real_text(net):
    pdf = drawing.draw(net[0], net[1], "pdf", Wanted())
    assert pdf.startswith(b"%PDF-")
    image = drawing.image(net[0], net[1], Wanted(scale=1))
    (box,) = re.findall(rb"/MediaBox \[\s*([\d. ]+)\]", pdf)
    assert [float(number) for number in box.split()][2:] == pytest.approx(
        [image.width() * 0.75, image.height() * 0.75], abs=1.0
    )
    assert b"/FontFile" in pdf  # the fonts travel along
    streams = [_inflated(part) for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)]
    assert any(b" Tf" in stream for stream in streams)  # text as text, for search and copy
    assert b"/Subtype /Image" not in pdf


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data


@pytest.mark.parametrize("scale", drawing.SCALES)
def test_png_has_the_pixels_of_its_scale_and_says_its_size(net, scale):
    small = drawing.image(net[0], net[1], Wanted(scale=1))
    png = QImage.fromData(drawing.draw(net[0], net[1], "png", Wanted(scale=scale)))
    assert png.size() == small.size() * scale
    assert png.dotsPerMeterX() == pytest.approx(96 / 0.0254 * scale, rel=0.01)
    assert png.pixelColor(0, 0) == WHITE


def test_the_theme_of_the_window_makes_no_difference(net):
    mode = theme().mode
    try:
        drawn = []
        for other in ("dark", "light"):
            theme().set_mode(other)
            before = theme().color("canvas").name()
            drawn.append(drawing.draw(net[0], net[1], "svg", Wanted(formulas=True)))
            assert theme().color("canvas").name() == before
        assert drawn[0] == drawn[1]
    finally:
        theme().set_mode(mode)


def test_paper_differs_from_the_light_theme_in_its_ground_alone():
    differing = {name for name, color in PAPER.colors() if color != getattr(LIGHT, name)}
    assert differing == {"canvas", "line", "grid"}


def test_margins_are_tight(net):
    image = drawing.image(net[0], net[1], Wanted(scale=1)).convertToFormat(QImage.Format.Format_Grayscale8)
    pixels, step = bytes(image.constBits()), image.bytesPerLine()
    rows = [pixels[y * step :][: image.width()] for y in range(image.height())]
    inked = [y for y, row in enumerate(rows) if min(row) < 250]
    columns = [x for x in range(image.width()) if min(row[x] for row in rows) < 250]
    assert 4 <= inked[0] <= 14
    assert 4 <= image.height() - 1 - inked[-1] <= 14
    assert 4 <= columns[0] <= 14
    assert 4 <= image.width() - 1 - columns[-1] <= 14


def test_shapes_can_be_left_out(net):
    assert len(drawing.draw(net[0], net[1], "svg", Wanted(shapes=False))) < len(
        drawing.draw(net[0], net[1], "svg", Wanted())
    )


def test_formulas_stand_below_each_once(net):
    project, result = net
    plain, with_key = Sheet.of(project, result, Wanted()), Sheet.of(project, result, Wanted(formulas=True))
    assert with_key.area.topLeft() == plain.area.topLeft()
    assert with_key.area.height() > plain.area.height() + 40.0
    small = make_project({"a": ("Activation", (0.0, 0.0), {}), "b": ("Activation", (200.0, 0.0), {})})
    one = make_project({"a": ("Activation", (0.0, 0.0), {})})
    heights = [Sheet.of(*checked(made), Wanted(formulas=True)).area.height() for made in (small, one)]
    assert heights[0] == heights[1]


def test_a_part_has_its_blocks_wires_and_frames_alone(net):
    project, result = net
    part = Sheet.of(project, result, Wanted(blocks=frozenset({"dense", "act"})))
    framed = Sheet.of(project, result, Wanted(blocks=frozenset({"dense", "act"}), decor=frozenset({"frame1"})))
    assert part.area.left() > 290.0
    assert part.area.right() < 880.0
    assert framed.area.contains(QRectF(288.0, -56.0, 520.0, 152.0))
    assert not part.area.contains(QRectF(288.0, -56.0, 520.0, 152.0))


def test_blocks_without_a_place_stand_where_the_canvas_shows_them(qapp):
    project = small_net(placed=False)
    image = drawing.image(*checked(project), Wanted(scale=1))
    assert image.width() > 600


def test_what_is_wrong_with_the_graph_is_not_drawn(net):
    project, result = net
    assert result.errors
    svg = drawing.draw(project, result, "svg", Wanted()).decode()
    assert PAPER.error not in svg.lower()


def test_an_empty_graph_and_one_too_large_say_so(qapp):
    with pytest.raises(GraphError, match="nothing to draw"):
        drawing.draw(*checked(Project()), "svg", Wanted())
    wide = make_project({"a": ("Dense", (0.0, 0.0), {}), "b": ("Dense", (40_000.0, 0.0), {})})
    with pytest.raises(GraphError, match="too large"):
        drawing.image(*checked(wide), Wanted(scale=1))
    assert drawing.draw(*checked(wide), "svg", Wanted())


@pytest.fixture
def printer(qapp, tmp_path) -> QPrinter:
    """Prints to a file."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "page.pdf"))
    return printer


def pages_in(path: Path) -> int:
    return len(re.findall(rb"/Type /Page\b", path.read_bytes()))


def test_a_picture_is_fitted_onto_one_page_or_printed_on_as_many_as_its_size_takes(printer, tmp_path):
    sheet = drawing.finish(drawing.making(*checked(chain(40)), Wanted()))
    printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    path = tmp_path / "page.pdf"
    one, full = (Pages(sheet, printer.pageLayout(), spread) for spread in ("one", "full"))
    drawing.finish(one.printing(printer))
    assert pages_in(path) == 1
    assert b"/FontFile" in path.read_bytes()
    assert one.scale < full.scale == 1.0
    drawing.finish(full.printing(printer))
    assert pages_in(path) == len(full.parts) > 1
    covered = QRectF()
    for part in full.parts:
        assert part.width() * 0.75 <= 595 - 20  # A4 without margins, in points
        covered = covered.united(part)
    assert covered.contains(sheet.area)
    printer.setPrintRange(QPrinter.PrintRange.PageRange)
    printer.setFromTo(2, 2)
    drawing.finish(full.printing(printer))
    assert pages_in(path) == 1


def test_a_print_that_is_left_leaves_no_file(printer, tmp_path):
    sheet = drawing.finish(drawing.making(*checked(chain(40)), Wanted()))
    steps = Pages(sheet, printer.pageLayout(), "one").printing(printer)
    next(steps)
    assert (tmp_path / "page.pdf").exists()
    steps.close()
    assert not (tmp_path / "page.pdf").exists()


# -- the dialog and the window --


def test_pages_are_shown_before_they_are_printed_and_an_empty_graph_is_said_to_be_empty(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(QPrintDialog, "exec", lambda _dialog: QPrintDialog.DialogCode.Accepted)
    with main_window(qtbot, chain(40)) as window:
        window.actions_.print_.trigger()
        qtbot.waitUntil(lambda: window.findChild(PrintPages) is not None)
        dialog = window.findChild(PrintPages)
        shown = dialog.findChild(QLabel, "pageShown")
        qtbot.waitUntil(lambda: not shown.pixmap().isNull())
        assert dialog.way.value() == "landscape"
        assert shown.pixmap().width() > shown.pixmap().height()
        click(dialog.way.button("portrait"))
        qtbot.waitUntil(lambda: shown.pixmap().height() > shown.pixmap().width())
        click(dialog.spread.button("full"))
        count = len(dialog.pages.parts)
        assert dialog.findChild(QLabel, "pageTold").text() == f"Page 1 of {count}"
        click(dialog.next)
        assert dialog.number == 1
        dialog.printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        dialog.printer.setOutputFileName(str(tmp_path / "page.pdf"))
        go = dialog.findChild(QPushButton, "printGo")
        assert go is not None
        click(go)
        qtbot.waitUntil(lambda: not window.pictures.findChildren(PaintJob))
        assert pages_in(tmp_path / "page.pdf") == count
    with main_window(qtbot, Project()) as window:
        window.pictures.print_preview()
        assert "nothing to draw" in notices().history[-1].text
        assert window.findChild(PrintPages) is None


def test_of_a_selection_the_print_says_so_and_offers_everything(qtbot):
    with main_window(qtbot, chain(6)) as window:
        window.canvas.stage.selection.set({"n1", "n2"})
        window.actions_.print_.trigger()
        qtbot.waitUntil(lambda: window.findChild(PrintPages) is not None)
        dialog = window.findChild(PrintPages)
        assert dialog.what.value() == "part"
        part = dialog.pages.sheet.area
        click(dialog.what.button("all"))
        qtbot.waitUntil(lambda: dialog.pages.sheet.area != part)
        assert dialog.pages.sheet.area.contains(part)
        dialog.reject()


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture(autouse=True)
def _forget():
    settings().remove("picture")
    yield
    settings().remove("picture")


def test_the_dialog_offers_the_selection_and_remembers_choices(qtbot, tmp_path, monkeypatch):
    with main_window(qtbot, small_net()) as window:
        window.actions_.export_picture.trigger()
        dialog = window.findChild(PictureDialog)
        assert not dialog.what.button("part").isEnabled()
        dialog.reject()
        window.selection.set({"dense", "act"})
        window.pictures.ask()
        dialog = next(each for each in window.findChildren(PictureDialog) if each.isVisible())
        assert dialog.what.value() == "part"
        assert dialog.wanted().blocks == {"dense", "act"}
        dialog.kind.button("png").click()
        dialog.scale.button("4").click()
        dialog.shapes.setChecked(False)
        path = tmp_path / "part"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
        dialog.findChild(QPushButton, "pictureSave").click()
        qtbot.waitUntil(lambda: not QImage(str(path.with_suffix(".png"))).isNull())
        image = QImage(str(path.with_suffix(".png")))
        part = drawing.image(
            window.document.project,
            window.document.result,
            Wanted(blocks=frozenset({"dense", "act"}), shapes=False, scale=4),
        )
        assert image.size() == part.size()
        window.pictures.ask()
        again = next(each for each in window.findChildren(PictureDialog) if each.isVisible())
        assert (again.kind.value(), again.scale.value(), again.shapes.isChecked()) == ("png", "4", False)
        again.reject()


def test_formulas_are_set_in_the_background_and_then_shown(qtbot):
    with main_window(qtbot, small_net()) as window:
        window.pictures.ask()
        dialog = window.findChild(PictureDialog)
        before = dialog._size.text()
        dialog.formulas.setChecked(True)
        qtbot.waitUntil(lambda: dialog._save.isEnabled() and dialog._size.text() != before)
        dialog.reject()


def test_copying_puts_an_image_on_the_clipboard(qtbot):
    with main_window(qtbot, small_net()) as window:
        job = window.pictures.copy("svg", Wanted(scale=2))
        qtbot.waitUntil(lambda: job.is_over)
        image = QGuiApplication.clipboard().image()
        assert image.size() == drawing.image(window.document.project, window.document.result, Wanted(scale=2)).size()


def test_mermaid_is_written_of_the_selection(qtbot, tmp_path):
    with main_window(qtbot, small_net()) as window:
        window.selection.set({"dense", "act"})
        path = tmp_path / "part.mmd"
        assert window.pictures.save_mermaid(path)
        assert notices().history[-1].text == f"Exported the selection to {path}."
        assert re.findall(r"(\w+) -->", path.read_text()) == ["dense"]


def test_a_picture_that_cannot_be_written_says_why(qtbot, tmp_path):
    with main_window(qtbot, small_net()) as window:
        window.pictures.save(tmp_path / "no" / "folder.svg", "svg", Wanted())
        qtbot.waitUntil(lambda: any("not saved" in notice.text for notice in notices().history))


def test_a_large_picture_is_painted_while_the_window_goes_on(qtbot, tmp_path):
    with main_window(qtbot, chain(400)) as window:
        turns, path = [], tmp_path / "large.pdf"
        job = window.pictures.save(path, "pdf", Wanted())
        dialog = window.findChild(QProgressDialog, "pictureProgress")
        other = QTimer(window)
        other.timeout.connect(lambda: turns.append(dialog.value()) if not job.is_over else other.stop())
        other.start(0)
        qtbot.waitUntil(path.exists)
        assert len(turns) > 3
        assert turns == sorted(turns)
        document = window.document
        again = drawing.draw(document.project, document.result, "pdf", Wanted())
        assert abs(len(path.read_bytes()) - len(again)) < 200  # the same but for the date


def test_a_large_picture_can_be_given_up(qtbot, tmp_path):
    with main_window(qtbot, chain(400)) as window:
        path = tmp_path / "large.svg"
        job = window.pictures.save(path, "svg", Wanted())
        window.findChild(QProgressDialog, "pictureProgress").canceled.emit()
        assert job.is_over
        qtbot.wait(50)
        job.stop()  # a second time does nothing
        assert not path.exists()
        assert window.findChild(QProgressDialog, "pictureProgress") is None


# -- the command line --


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_the_command_line_draws_without_a_display(tmp_path, kind):
    out = tmp_path / f"net.{kind}"
    spiral = str(assets.example("spiral.chainrule"))
    command = [sys.executable, "-m", "gui", "export", spiral, "--to", kind, "-o", str(out), "--no-shapes"]
    root = Path(__file__).parents[2]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(out)]
    head = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[kind]
    assert out.read_bytes().startswith(head)


def test_options_of_the_command_line_reach_the_picture(tmp_path, qapp):
    path = tmp_path / "net.chainrule"
    files.save(small_net(), path)
    sizes = []
    for options in ([], ["--scale", "1"], ["--formulas"]):
        out = tmp_path / "net.png"
        assert main(["export", str(path), "--to", "png", "-o", str(out), *options]) == 0
        image = QImage(str(out))
        sizes.append((image.width(), image.height()))
    assert sizes[0] == (2 * sizes[1][0], 2 * sizes[1][1])
    assert sizes[2][1] > sizes[0][1]


def test_without_qt_mermaid_is_written_and_pictures_say_what_they_need(tmp_path, capsys):
    spiral = str(assets.example("spiral.chainrule"))
    assert command_line(["export", spiral, "--to", "mermaid", "-o", str(tmp_path / "net.mmd")]) == 0
    assert (tmp_path / "net.mmd").read_text().startswith("flowchart LR\n")
    capsys.readouterr()
    assert command_line(["export", spiral, "--to", "pdf", "-o", str(tmp_path / "net.pdf")]) == 1
    told = capsys.readouterr().err
    assert "needs Qt" in told
    assert "chainrule export" in told
    assert not (tmp_path / "net.pdf").exists()
