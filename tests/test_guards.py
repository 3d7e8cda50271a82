"""The guards against leaks, messages and warnings work: tests that sin turn red, each for its own sin."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import platformdirs
import pytest
from PySide6.QtCore import QSettings, QStandardPaths

ROOT = Path(__file__).parent.parent

SINNERS = """
import logging, threading, time, warnings
import pytest
from PySide6.QtCore import QThread, QThreadPool, QTimer, qWarning
from PySide6.QtWidgets import QLabel, QWidget

kept = []

def test_thread():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()

def test_thread_that_ends_in_time():
    threading.Thread(target=time.sleep, args=(0.1,)).start()

def test_qthread(qapp):
    kept.append(QThread(objectName="forgotten"))
    kept[-1].start()

def test_pool(qapp):
    QThreadPool.globalInstance().start(lambda: time.sleep(3))

def test_timer(qtbot):
    kept.append(QTimer(objectName="forgotten"))
    kept[-1].start(1000)

def test_timer_that_was_there_starts_again(qtbot):
    kept[-1].start(500)

def test_timer_that_is_stopped(qtbot):
    kept[-1].start(500)
    kept[-1].stop()

def test_single_shot(qtbot):
    QTimer.singleShot(60_000, lambda: None)

def test_single_shot_whose_receiver_dies(qtbot):
    widget = QLabel()
    QTimer.singleShot(60_000, widget.update)

def test_widget(qtbot):
    kept.append(QLabel("forgotten", objectName="label"))

def test_widget_that_qtbot_knows(qtbot):
    kept.append(QLabel())
    qtbot.addWidget(kept[-1])

def test_widget_in_a_reference_cycle(qtbot):
    widget = QLabel()
    widget.myself = widget

def test_widget_of_a_failed_test(qtbot):
    kept.append(QLabel())
    assert False, "for a reason of its own"

@pytest.fixture(scope="module")
def shared_widget(qapp):
    widget = QWidget()
    import colorsys  # new modules make the collector freeze what is there
    widget.myself = widget
    yield widget

def test_shared_widget(shared_widget): pass

def test_shared_widget_again(shared_widget): pass

def test_qt_warning(qapp):
    qWarning("from the call")

@pytest.fixture
def warn_later():
    yield
    qWarning("from the teardown")

def test_qt_warning_in_teardown(warn_later): pass

def test_exception_in_slot(qtbot):
    QTimer.singleShot(0, lambda: 1 / 0)

def test_python_warning():
    warnings.warn("from Python")

def test_log():
    logging.getLogger("engine.files").warning("unannounced %d", 7)

def test_log_below_warning():
    logging.getLogger("engine.files").info("all is well")

def test_log_announced(expect_log):
    expect_log("announced [0-9]", logger="engine")
    logging.getLogger("engine.files").warning("announced %d", 7)

def test_log_announced_at_another_level(expect_log):
    expect_log("announced", level=logging.ERROR)
    logging.getLogger("engine.files").warning("announced")

def test_log_announced_in_vain(expect_log):
    expect_log("never comes")

def test_clean(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    timer = QTimer(widget)
    timer.start(10)
"""

WIDE_SINNER = """
import pytest
from PySide6.QtWidgets import QLabel

kept = []

@pytest.fixture(scope="module")
def careless_fixture(qapp):
    kept.append(QLabel(objectName="careless"))

def test_first(careless_fixture): pass

def test_second(careless_fixture): pass

def test_last_of_the_module(): pass
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, str]:
    """What a run of the sinners says about each: `passed`, or every complaint."""
    folder = tmp_path_factory.mktemp("sinners")
    sinners(folder, test_sinners=SINNERS, test_wide=WIDE_SINNER)
    return _run(folder)


def sinners(folder: Path, **files: str) -> None:
    """Files of tests, under the guards."""
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content)
    (folder / "conftest.py").write_text(
        'from tests.helpers import leaks\nleaks.PATIENCE = 1.0\npytest_plugins = ["tests.helpers.guards"]\n'
    )
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    lines = [f"{key} = {options[key]}" for key in ("qt_api", "qt_log_level_fail")]
    (folder / "pytest.ini").write_text("\n".join(["[pytest]", "filterwarnings = error", *lines]) + "\n")


def _pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _run(folder: Path) -> dict[str, str]:
    report = folder / "report.xml"
    done = _pytest(folder, f"--junitxml={report}")
    assert report.exists(), done.stdout + done.stderr
    outcomes: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        complaints = [it.text or "" for it in case if it.tag in {"failure", "error"}]
        outcomes[case.attrib["name"]] = outcomes.get(case.attrib["name"], "") + "\n".join(complaints)
    return outcomes


GUILTY = {
    "test_thread": "leaked: thread 'forgotten' still runs",
    "test_qthread": "leaked: QThread QThread 'forgotten' still runs",
    "test_pool": "leaked: 1 threads of Qt's pool still work",
    "test_timer": "leaked: QTimer QTimer 'forgotten' is still active, every 1000 ms",
    "test_timer_that_was_there_starts_again": "leaked: QTimer QTimer 'forgotten' is still active, every 500 ms",
    "test_single_shot": "leaked: QTimer.singleShot(60000, test_single_shot.<locals>.<lambda>) has yet to fire",
    "test_widget": "leaked: top-level widget QLabel 'label' is still there",
    "test_widget_of_a_failed_test": "for a reason of its own",
    "test_last_of_the_module": "leaked: top-level widget QLabel 'careless' is still there",
    "test_qt_warning": "from the call",
    "test_qt_warning_in_teardown": "Qt said during teardown: from the teardown",
    "test_exception_in_slot": "ZeroDivisionError",
    "test_python_warning": "UserWarning: from Python",
    "test_log": "unexpected log record WARNING of 'engine.files': unannounced 7",
    "test_log_announced_at_another_level": "unexpected log record WARNING of 'engine.files': announced",
    "test_log_announced_in_vain": "no log record matched 'never comes'",
}


@pytest.mark.parametrize(("name", "complaint"), GUILTY.items())
def test_a_guilty_test_fails_for_its_own_fault(outcomes, name, complaint):
    assert complaint in outcomes[name]
    assert outcomes[name].count("leaked: ") == complaint.count("leaked: ")


def test_nobody_else_is_blamed(outcomes):
    assert {name for name, complaints in outcomes.items() if complaints} == set(GUILTY)
    assert len(outcomes) == len(re.findall(r"^def test_", SINNERS + WIDE_SINNER, re.MULTILINE))


def test_tests_cannot_reach_the_settings_of_the_user(qapp, tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    settings = QSettings("chainrule", "chainrule")
    settings.setValue("seen", "by nobody")
    settings.sync()
    locations = [
        QStandardPaths.StandardLocation.AppConfigLocation,
        QStandardPaths.StandardLocation.AppDataLocation,
        QStandardPaths.StandardLocation.CacheLocation,
    ]
    places = [
        *(QStandardPaths.writableLocation(it) for it in locations),
        settings.fileName(),
        platformdirs.user_config_dir("chainrule"),
        platformdirs.user_data_dir("chainrule"),
        platformdirs.user_cache_dir("chainrule"),
        platformdirs.user_state_dir("chainrule"),
        str(Path.home()),
    ]
    assert [place for place in places if not Path(place).is_relative_to(base)] == []


def test_the_collector_rests_while_widgets_are_about(qapp):
    assert not gc.isenabled()


def test_the_collector_works_otherwise():
    assert gc.isenabled()


# -- tests that continuous integration runs once more --

BY_CHANCE = """
import pytest
from PySide6.QtCore import QTimer

made, kept, seen = [], [], []

@pytest.fixture
def fresh():
    made.append(object())
    return len(made)

@pytest.fixture(scope="session")
def shared():
    return object()

def test_passes_alone(fresh, shared, qtbot, tmp_path):
    seen.append((tmp_path, shared))
    assert fresh == 2
    assert seen[0][0] != seen[1][0] and seen[0][1] is seen[1][1]

def test_fails_twice(qtbot):
    raise AssertionError("for good")

def test_fails_and_then_leaks(qtbot):
    kept.append(QTimer())
    assert len(kept) > 1, "by chance"
    kept[1].start(1000)
"""


def test_what_fails_once_is_listed_and_what_fails_twice_fails(tmp_path: Path):
    sinners(tmp_path, test_by_chance=BY_CHANCE)
    told = _pytest(tmp_path, "-n", "1", "--timeout", "60", "--reruns", "1", "--max-suite-reruns", "5", "-raR")
    assert told.returncode == 1, told.stdout + told.stderr
    words = [line.split(" - ")[0] for line in told.stdout.splitlines()]
    one, two, three = (
        f"test_by_chance.py::test_{name}" for name in ("passes_alone", "fails_twice", "fails_and_then_leaks")
    )
    assert {f"RERUN {name}" for name in (one, two, three)} <= set(words)
    assert {word for word in words if word.startswith(("FAILED", "ERROR"))} == {f"FAILED {two}", f"ERROR {three}"}
    assert "is still active, every 1000 ms" in told.stdout
