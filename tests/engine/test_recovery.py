"""What a crash would lose is found again, and only that."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given

from engine import edits, files, processes, recovery
from engine.graph import Project
from engine.problem import FileError
from tests.helpers.random_projects import projects
from tests.helpers.sample_projects import digits, spiral

ROOT = Path(__file__).parents[2]

OTHER = """
import sys
from pathlib import Path
from engine import recovery
from tests.helpers.sample_projects import digits
recovery.write(digits(), Path(sys.argv[1]) if sys.argv[1] else None)
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "chainrule" / "recovery"


def other_process(document: str):
    """A process that wrote a copy and still runs."""
    command = [sys.executable, "-c", OTHER, document]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    return process


def end(process) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_copy_is_found_and_read(tmp_path):
    document = tmp_path / "net ü.chainrule"
    recovery.write(spiral(), document)
    (copy,) = recovery.found()
    assert (copy.name, copy.document, copy.problem) == ("net ü.chainrule", document, "")
    assert timedelta(seconds=-2) < datetime.now(UTC) - copy.time < timedelta(minutes=1)
    assert recovery.read(copy) == spiral()
    assert not document.exists()


@given(projects())
def test_any_project_comes_back(project):
    recovery.write(project, None)
    (copy,) = recovery.found()
    assert recovery.read(copy) == project


def test_a_document_without_a_file_is_known_by_its_title():
    recovery.write(spiral(), None)
    assert [(copy.name, copy.document) for copy in recovery.found()] == [("Spiral", None)]
    recovery.write(Project(), None)
    assert [copy.name for copy in recovery.found()] == ["Untitled"]


def test_renames_since_the_weights_were_saved_are_remembered():
    project, _ = edits.rename_node(replace(spiral(), weights="net.01234567.safetensors"), "dense1", "hidden")
    recovery.write(project, None)
    (copy,) = recovery.found()
    assert dict(recovery.read(copy).former) == {"hidden": "dense1"}


def test_there_is_one_copy_of_each_document(tmp_path, state):
    one, other = tmp_path / "one.chainrule", tmp_path / "other.chainrule"
    for project in (spiral(), digits()):
        for document in (one, other, None):
            recovery.write(project, document)
    assert len(list(state.iterdir())) == 3
    assert {copy.document for copy in recovery.found()} == {one, other, None}
    assert all(recovery.read(copy) == digits() for copy in recovery.found())
    recovery.remove(one)
    recovery.remove(one)
    assert {copy.document for copy in recovery.found()} == {other, None}
    for copy in recovery.found():
        recovery.discard(copy)
        recovery.discard(copy)
    assert recovery.found() == []
    assert list(state.iterdir()) == []


def test_the_way_to_a_document_does_not_matter(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    recovery.write(spiral(), tmp_path / "link" / "net.chainrule")
    recovery.write(spiral(), Path("net.chainrule"))
    assert [copy.document for copy in recovery.found()] == [tmp_path / "net.chainrule"]
    recovery.remove(tmp_path / "net.chainrule")
    assert recovery.found() == []


def test_the_newest_copy_comes_first(tmp_path, state):
    recovery.write(spiral(), tmp_path / "old.chainrule")
    (path,) = state.iterdir()
    head, _, text = path.read_text().partition("\n")
    path.write_text(json.dumps({**json.loads(head), "time": "2020-02-02T10:00:00+01:00"}) + "\n" + text)
    recovery.write(spiral(), tmp_path / "new.chainrule")
    assert [copy.name for copy in recovery.found()] == ["new.chainrule", "old.chainrule"]
    assert recovery.found()[1].time == datetime(2020, 2, 2, 9, tzinfo=UTC)


def test_no_copies_is_no_error(state):
    assert recovery.found() == []
    recovery.remove(None)
    assert not state.exists()


def test_others_may_not_look(state):
    recovery.write(spiral(), None)
    assert state.stat().st_mode & 0o077 == 0


def test_a_copy_is_offered_once_its_process_is_gone(tmp_path):
    process = other_process(str(tmp_path / "net.chainrule"))
    try:
        assert recovery.found() == []
    finally:
        end(process)
    (copy,) = recovery.found()
    assert recovery.read(copy) == digits()


def test_processes_do_not_touch_each_others_copies(tmp_path):
    document = tmp_path / "net.chainrule"
    end(other_process(str(document)))
    recovery.write(spiral(), document)
    recovery.remove(document)  # saved here; what the other lost is still lost
    assert [recovery.read(copy) for copy in recovery.found()] == [digits()]


def test_a_later_process_of_the_same_number_is_another(state):
    recovery.write(spiral(), None)
    (path,) = state.iterdir()
    head, _, text = path.read_text().partition("\n")
    parent = {**json.loads(head), "pid": os.getppid()}
    for started, offered in ((processes.start_of(os.getppid()), False), ("12", True)):
        path.write_text(json.dumps({**parent, "started": started}) + "\n" + text)
        assert bool(recovery.found()) == offered


def test_who_runs():
    assert processes.is_running(os.getpid(), processes.start_of(os.getpid()))
    assert not processes.is_running(os.getpid(), "12")
    assert not processes.is_running(0, "")
    assert not processes.is_running(-1, "")
    assert not processes.is_running(2**31 - 1, "")
    assert processes.start_of(2**31 - 1) == ""


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="where processes wait for their parents")
def test_a_process_that_ended_runs_no_more_though_its_parent_has_not_looked():
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = processes.start_of(child.pid)
        assert processes.is_running(child.pid, started)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not started or not processes.is_running(child.pid, started)


HEAD = {"format": "chainrule recovery", "version": 1, "name": "x", "document": None, "pid": 1, "started": ""}
HEAD |= {"time": "2020-02-02T10:00:00+00:00", "former": {}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]\n",
        b'{"format": "chainrule"}\n',
        json.dumps({**HEAD, "version": 2}).encode(),
        json.dumps({**HEAD, "pid": "1"}).encode(),
        json.dumps({**HEAD, "name": 1}).encode(),
        json.dumps({**HEAD, "former": {"a": 1}}).encode(),
        json.dumps({**HEAD, "document": 1}).encode(),
        json.dumps({**HEAD, "time": "yesterday"}).encode(),
        json.dumps({**HEAD, "time": "2020-02-02T10:00:00"}).encode(),
        b"x" * 100_000,
    ],
)
def test_a_damaged_copy_is_listed_with_its_problem(state, content):
    recovery.write(spiral(), None)
    (state / "damaged.recovery").write_bytes(content)
    good, bad = sorted(recovery.found(), key=lambda copy: copy.problem)
    assert recovery.read(good) == spiral()
    assert bad.name == "damaged.recovery"
    assert bad.problem == 'The recovery copy "damaged.recovery" is damaged.'
    assert bad.time.tzinfo is not None
    with pytest.raises(FileError, match="is damaged"):
        recovery.read(bad)
    recovery.discard(bad)
    assert recovery.found() == [good]


def test_what_is_no_file_is_listed_with_its_problem(state):
    state.mkdir(parents=True)
    (state / "folder.recovery").mkdir()
    os.mkfifo(state / "pipe.recovery")
    (state / "gone.recovery").symlink_to("nowhere")
    (state / "something else").touch()
    problems = sorted(copy.problem for copy in recovery.found())
    assert problems == [
        'The recovery copy "folder.recovery" is a folder; a file is expected.',
        'The recovery copy "pipe.recovery" is a pipe; a file is expected.',
    ]


def test_a_copy_whose_text_is_damaged_or_gone_is_one_clear_error(state):
    recovery.write(spiral(), None)
    (copy,) = recovery.found()
    content = copy.path.read_bytes()
    for end_ in (b"", b"\xff", b'"'):
        copy.path.write_bytes(content[: len(content) // 2] + end_)
        with pytest.raises(FileError, match="damaged"):
            recovery.read(copy)
    copy.path.unlink()
    with pytest.raises(FileError, match="There is no file"):
        recovery.read(copy)


def test_a_copy_that_cannot_be_written_is_one_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(FileError, match="cannot be made") as caught:
        recovery.write(spiral(), None)
    assert caught.value.code == "F05"
    assert recovery.found() == []


def test_a_killed_process_leaves_a_copy_that_can_be_read(state):
    program = OTHER.replace("sys.stdin.read()", "while True: recovery.write(digits(), None)")
    for _ in range(3):
        command = [sys.executable, "-c", program, ""]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
    assert [recovery.read(copy) for copy in recovery.found()] == [digits()] * 3


def test_the_size_of_a_copy_is_that_of_a_graph_file(monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    monkeypatch.setattr(recovery, "_MAX_HEAD", 300)
    recovery.write(spiral(), None)
    (copy,) = recovery.found()
    assert "at most 400 bytes are read" in copy.problem
