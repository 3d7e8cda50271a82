"""A save happens wholly or not at all, whatever fails and whenever the process dies."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given

from engine import diskfile, edits, files, tensorfile
from engine.problem import FileError
from tests.helpers.random_projects import projects
from tests.helpers.sample_projects import digits, spiral

OLD, NEW = spiral(), digits()
ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def refused(path: Path) -> str:
    with pytest.raises(FileError) as caught:
        files.save(NEW, path)
    assert caught.value.code == "F05"
    return str(caught.value)


@given(projects())
def test_what_is_saved_is_loaded(tmp_path_factory, project):
    path = tmp_path_factory.getbasetemp() / "round trip.chainrule"
    assert files.save(project, path) == project == files.load(path)


def test_a_save_leaves_one_file(tmp_path):
    path = tmp_path / "net.chainrule"
    files.save(OLD, path)
    files.save(NEW, path)
    assert names(tmp_path) == ["net.chainrule"]
    assert path.read_text() == files.dumps(NEW)


def test_a_new_file_has_the_mode_the_system_gives(tmp_path):
    (tmp_path / "plain").touch()
    files.save(NEW, tmp_path / "net.chainrule")
    assert (tmp_path / "net.chainrule").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o777])
def test_the_mode_is_kept(tmp_path, mode):
    path = tmp_path / "net.chainrule"
    files.save(OLD, path)
    path.chmod(mode)
    files.save(NEW, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_links_are_followed(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    real, link = tmp_path / "there" / "real.chainrule", tmp_path / "here" / "net.chainrule"
    link.symlink_to("../there/real.chainrule")
    for project in (OLD, NEW):  # at first, the link leads to nothing
        files.save(project, link)
        assert link.is_symlink()
        assert files.load(real) == project
    assert names(tmp_path / "here") == ["net.chainrule"]
    assert names(tmp_path / "there") == ["real.chainrule"]


def test_only_a_file_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    (tmp_path / "loop").symlink_to("loop")
    assert "it is a folder" in refused(tmp_path / "folder")
    assert "it is a pipe" in refused(tmp_path / "pipe")
    assert "it is a device" in refused(tmp_path / "null")
    assert "cannot be written" in refused(tmp_path / "loop")
    assert "No such file or directory" in refused(tmp_path / "nowhere" / "net.chainrule")
    assert "cannot be written" in refused(tmp_path / "a\0b")
    assert "File name too long" in refused(tmp_path / ("x" * 300))
    assert names(tmp_path) == ["folder", "loop", "null", "pipe"]


def test_a_long_name_of_wide_characters_is_saved(tmp_path):
    path = tmp_path / ("ü" * 120 + ".x")
    files.save(NEW, path)
    assert files.load(path) == NEW


def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "net.chainrule"
    files.save(OLD, path)
    monkeypatch.setattr(os, "access", lambda *_: False)  # a superuser may write everything
    assert "it is write-protected" in refused(path)
    assert files.load(path) == OLD


# -- everything fails once --


class FailingOs:
    """The functions of `os`, of which the n-th call that touches the disk fails."""

    def __init__(self, failing_call: int) -> None:
        self.left = failing_call
        self.failed = ""

    def __getattr__(self, name):
        def counted(*args):
            self.count(name)
            return getattr(os, name)(*args)

        if name == "fdopen":
            return lambda *args: FailingFile(os.fdopen(*args), self)
        return counted if name in ("open", "stat", "fchmod", "fsync", "replace") else getattr(os, name)

    def count(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.failed = name
            raise OSError(errno.EIO, "the disk is broken")


class FailingFile:
    """A file whose write, flush, read and close count as well."""

    def __init__(self, file, system: FailingOs) -> None:
        self._file, self._system = file, system

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self._system.count("close")

    def __getattr__(self, name):
        if name in ("write", "flush", "read"):
            self._system.count(name)
        return getattr(self._file, name)


def large_weights(value: float) -> dict[str, list[float]]:
    return {"hidden.weight": [value] * 5000}


def assert_saved(path: Path, weights: dict[str, list[float]] | None) -> None:
    saved = files.load(path)
    assert saved.graph == NEW.graph
    assert names(path.parent) == sorted(["net.chainrule", saved.weights] if weights else ["net.chainrule"])
    if weights:
        assert tensorfile.read(path.parent / saved.weights)[0]["hidden.weight"].flat() == (2.0,) * 5000


@pytest.mark.parametrize("weights", [None, large_weights(2.0)], ids=["graph", "graph and weights"])
def test_whatever_fails_the_old_files_are_intact(tmp_path, monkeypatch, weights):
    path = tmp_path / "net.chainrule"
    old = files.save(OLD, path, large_weights(1.0))
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}
    assert len(before) == 2
    failed: list[str] = []
    for call in range(1, 99):
        system, told = FailingOs(call), ""
        with monkeypatch.context() as patch:
            patch.setattr(diskfile, "os", system)
            try:
                files.save(NEW, path, weights)
            except FileError as error:
                told = str(error)
        if told:
            assert told.endswith("cannot be written: the disk is broken. Nothing on the disk has changed.")
        else:  # nothing failed, or only what comes after the document is safe
            assert_saved(path, weights)
            files.save(old, path, large_weights(1.0))
        assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == before
        if not system.failed:
            break
        failed.append(system.failed)
    steps = ["stat", "open", "fchmod", "write", "flush", "fsync", "close", "replace", "open", "fsync"]
    new_file = [step for step in steps if step != "fchmod"]
    new_file[2:2] = ["write", "write"]  # a weights file has three pieces
    assert failed == (steps if weights is None else new_file + steps)


def test_a_new_document_that_cannot_be_saved_leaves_nothing(tmp_path, monkeypatch):
    for call in range(1, 7):
        system = FailingOs(call)
        with monkeypatch.context() as patch:
            patch.setattr(diskfile, "os", system)
            with pytest.raises(FileError):
                files.save(NEW, tmp_path / "net.chainrule", large_weights(1.0))
        assert system.failed
        assert names(tmp_path) == []


def test_a_save_interrupted_from_the_keyboard_leaves_nothing_beside(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.save(NEW, tmp_path / "net.chainrule")
    assert names(tmp_path) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from engine import files
from engine.problem import FileError
from tests.helpers.sample_projects import digits
resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))
try:
    files.save(digits(), Path(sys.argv[1]), {"a.b": [0.5] * 5000} if sys.argv[2] else None)
except FileError as error:
    print(error.code, error)
"""


@pytest.mark.parametrize("weights", ["", "weights"])
def test_a_full_disk_leaves_the_old_file(tmp_path, weights):
    path = tmp_path / "net.chainrule"
    files.save(OLD, path)
    command = [sys.executable, "-c", FULL_DISK, str(path), weights]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("F05")
    assert "File too large" in done.stdout
    assert files.load(path) == OLD
    assert names(tmp_path) == ["net.chainrule"]


ENDLESS = """
import itertools, sys
from pathlib import Path
from engine import files
from tests.helpers.sample_projects import spiral
path = Path(sys.argv[1])
for number in itertools.count():
    project = spiral(layers=2 + number % 40)
    files.save(project, path, {"dense1.weight": [float(number % 40)] * 5000})
    print("saved", flush=True)
"""


@pytest.mark.slow
def test_a_killed_process_leaves_the_document_before_or_after(tmp_path):
    path = tmp_path / "net.chainrule"
    seen = set()
    for round_ in range(12):
        command = [sys.executable, "-c", ENDLESS, str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(1 + round_):
                assert process.stdout.readline() == "saved\n"
            time.sleep(0.002 * (round_ % 4))  # somewhere in the next one
            process.send_signal(signal.SIGKILL)
        project = files.load(path)
        layers = sum(node.block == "Dense" for node in project.graph.nodes.values())
        tensors, _ = tensorfile.read(tmp_path / project.weights)
        assert set(tensors["dense1.weight"].flat()) == {float(layers - 2)}
        seen.add(layers)
    assert len(seen) > 1  # it was not always killed at the same place


def test_the_next_save_after_a_crash_sweeps_up(tmp_path):
    path = tmp_path / "net.chainrule"
    files.save(OLD, path)
    crashed = tmp_path / "net.deadbeef.safetensors"
    crashed.touch()  # the process died after the weights and before the graph
    others = ["net.chainrule", "net.safetensors", "network.deadbeef.safetensors", "other.deadbeef.safetensors"]
    for other in others[1:]:
        (tmp_path / other).touch()
    files.save(edits.set_meta(OLD, name="new")[0], path)
    assert names(tmp_path) == others
