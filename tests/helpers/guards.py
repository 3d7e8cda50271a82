"""The pytest plugin that makes a test answer for what it leaves behind.

After each test, fixtures torn down, it fails if there is a thread, QThread, active timer or top-level widget that was
not there before, a Qt message from WARNING up (pytest-qt judges set-up and call, this the teardown), or a log record
from WARNING up that the test did not announce with the fixture `expect_log`. What a fixture of wider scope makes is
judged when that fixture has been torn down. What a test waits for is given time: the machine's speed decides nothing.
"""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Callable, Generator
from functools import partialmethod
from pathlib import Path
from typing import Any, Protocol, final

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from pytestqt.qtbot import QtBot

from tests.helpers.isolation import keep_font_list, pin_environment, redirect_user_folders
from tests.helpers.leaks import Watch
from tests.helpers.logs import LogGuard

pin_environment()

PATIENCE = 60_000
"""Milliseconds that a test waits for what has to come, unless it says how long: the machine may be busy."""
_LOUD = {QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg}


class ExpectLog(Protocol):
    """What the fixture `expect_log` gives."""

    def __call__(self, pattern: str, *, level: int = logging.WARNING, logger: str = "") -> None: ...


@final
class Guards:
    """Looks before and after each test."""

    def __init__(self) -> None:
        self.logs = LogGuard()
        self._patch = pytest.MonkeyPatch()
        self._watch = Watch()
        self._before: set[object] = set()
        self._owned: dict[pytest.FixtureDef[Any], set[object]] = {}

    def pytest_sessionstart(self) -> None:
        """Starts watching."""
        self._watch.install(self._patch)
        for wait in ("waitUntil", "waitSignal", "waitSignals", "waitExposed", "waitActive"):
            self._patch.setattr(QtBot, wait, partialmethod(getattr(QtBot, wait), timeout=PATIENCE))
        logging.getLogger().addHandler(self.logs)

    def pytest_sessionfinish(self) -> None:
        """Leaves everything as it was."""
        self._patch.undo()
        logging.getLogger().removeHandler(self.logs)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Remembers what is there, before any fixture."""
        self._before = self._watch.snapshot()
        self.logs.clear()
        item.stash[_FAILED] = False  # it may be run once more
        # Python's collector runs in whichever thread allocates, and a widget that dies outside the main thread takes
        # the process with it. With widgets about, it runs where `Watch` calls it: in the main thread, between tests.
        if "qapp" in getattr(item, "fixturenames", ()):
            gc.disable()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Notes what a fixture of wider scope makes as its own."""
        if fixturedef.scope == "function":
            return (yield)
        before = self._watch.snapshot()
        try:
            return (yield)
        finally:
            self._owned[fixturedef] = self._watch.snapshot() - before

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judges, after every other teardown."""
        messages: list[str] = []
        previous = qInstallMessageHandler(_collector(messages, item.config.getini("qt_log_ignore")))
        try:
            result = yield
            failed = item.stash.get(_FAILED, False)
            # The traceback of a failed test keeps its widgets alive: no fault of their own.
            faults = self._end_leaks(silently=failed)
        finally:
            qInstallMessageHandler(previous)
            gc.enable()
        faults += [f"Qt said during teardown: {message}" for message in messages]
        faults += [] if failed else self.logs.verdict()
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Remembers whether the test has failed already."""
        report = yield
        if report.failed:
            item.stash[_FAILED] = True
        return report

    def _end_leaks(self, *, silently: bool) -> list[str]:
        done = [fixture for fixture in self._owned if fixture.cached_result is None]
        accepted = self._before.union(*self._owned.values()) - set().union(*(self._owned.pop(it) for it in done))
        leaks = self._watch.leaked_since(accepted)
        lines = [f"leaked: {leak}" for leak in leaks]
        for leak in leaks:
            leak.end()
        return [] if silently else lines


_FAILED = pytest.StashKey[bool]()
_GUARDS = pytest.StashKey[Guards]()


def _collector(messages: list[str], harmless: list[str]) -> Callable[[QtMsgType, QMessageLogContext, str], None]:
    def collect(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if kind in _LOUD and not any(re.search(pattern, message) for pattern in harmless):
            messages.append(message)

    return collect


def pytest_configure(config: pytest.Config) -> None:
    """Registers the guards for this session."""
    if not hasattr(config, "workerinput") and hasattr(config, "cache") and config.cache is not None:
        keep_font_list(Path(config.cache.mkdir("matplotlib")))
    config.stash[_GUARDS] = guards = Guards()
    config.pluginmanager.register(guards, "chainrule-guards")


@pytest.fixture
def expect_log(pytestconfig: pytest.Config) -> ExpectLog:
    """`expect_log("pattern", level=logging.WARNING, logger="engine")`: such a record has to come, and may."""
    return pytestconfig.stash[_GUARDS].logs.expect


@pytest.fixture(autouse=True)
def _user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    redirect_user_folders(tmp_path_factory.mktemp("user"), monkeypatch)
