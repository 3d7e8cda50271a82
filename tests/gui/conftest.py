"""Documents with sessions that need no thread, and panels that are shown and taken away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from engine import session
from engine.graph import Project
from gui.document import Document
from gui.notices import notices
from gui.run_feed import RunFeed
from gui.theme import theme
from tests.helpers.fake_session import FakeSession
from tests.helpers.leaks import let_go

if TYPE_CHECKING:
    from gui.main_window import MainWindow


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[FakeSession]:
    """The fake sessions opened so far; real ones cannot be."""
    opened: list[FakeSession] = []

    def open_fake(project: Project, *, folder: Path | None = None, **_: Any) -> FakeSession:
        opened.append(FakeSession(project, folder))
        return opened[-1]

    monkeypatch.setattr(session, "open", open_fake)
    return opened


@pytest.fixture
def feed_of(qapp, sessions) -> Iterator[Callable[[Project], RunFeed]]:
    """Makes a feed for a document of a project; `feed.document` is the document."""
    made: list[RunFeed] = []

    def make(project: Project) -> RunFeed:
        document = Document(project)
        feed = RunFeed(document)
        feed.document = document  # type: ignore[attr-defined]
        made.append(feed)
        return feed

    yield make
    for feed in made:
        feed.close()


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """A window with the real engine behind it."""
    from tests.helpers.windows import main_window  # the whole app, for those who ask for it

    with main_window(qtbot) as made:
        yield made


@pytest.fixture
def shown(qapp, qtbot) -> Iterator[Callable[..., Any]]:
    """Shows a widget in a window of its own, 340 × 300 unless told, and takes it away after the test."""
    windows: list[QWidget] = []

    def show(widget: QWidget, width: int = 340, height: int = 300) -> Any:
        window = QWidget()
        layout = QVBoxLayout(window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(widget)
        window.resize(width, height)
        window.show()
        qtbot.waitExposed(window)
        windows.append(window)
        return widget

    yield show
    for window in windows:
        window.hide()
        window.deleteLater()


@pytest.fixture
def said() -> Callable[[], list[str]]:
    """The texts of the notices raised in this test."""
    before = len(notices().history)
    return lambda: [notice.text for notice in notices().history[before:]]


@pytest.fixture(autouse=True)
def _plain_look(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests begin with the look of a first start, whatever the one before chose."""
    yield
    if "qapp" in request.fixturenames:
        let_go()
        theme().set_text_scale(1.0)
        theme().set_mode("system")
