"""A run watched from a folder: each line once, half lines waited for, files cut, replaced and gone."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine import files
from engine.runplace import METRICS
from engine.watching.address import address_of, run_at
from engine.watching.folder import FolderPlace
from engine.watching.follower import Follower, Told, Trouble, Weights, place_of
from engine.watching.place import PlaceError
from engine.watching.records import change_of, epoch_of
from engine.watching.tail import Tail
from engine.watching.watcher import News, Watcher
from tests.engine.training_projects import small
from tests.engine.watched_runs import metrics, records, run_files, write_run


def plain(news: News) -> list[object]:
    return [dict(record) for record in news.records]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", metrics=b"")


def test_a_finished_run_is_told_at_the_first_look(tmp_path: Path):
    watcher = Watcher(FolderPlace(write_run(tmp_path / "run")))
    news = watcher.look()
    assert plain(news) == records(metrics())
    assert news.graph == small()
    assert news.standing is not None
    assert (news.standing.epochs, news.standing.over) == (3, True)
    assert news.weights
    assert not news.damaged
    later = watcher.look()
    assert not later.any
    assert later.standing == news.standing


def test_at_every_cut_between_two_bytes_each_line_is_told_once(run: Path):
    """What grows by any pieces is told as what is there at once; a line that is not whole is waited for."""
    content, path = metrics(), run / METRICS
    place = FolderPlace(run)

    def look(tail: Tail) -> list[object]:
        again, lines = tail.look(place, place.listing().files[METRICS])
        assert not again
        return [epoch_of(line) for line in lines]

    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        tail = Tail(METRICS)
        first = look(tail)
        assert first == records(content[: content.rfind(b"\n", 0, cut) + 1])
        with path.open("ab") as file:
            file.write(content[cut:])
        assert first + look(tail) == records(content)


def test_byte_by_byte(run: Path):
    content, path = metrics(), run / METRICS
    watcher, told = Watcher(FolderPlace(run)), []
    for byte in content:
        with path.open("ab") as file:
            file.write(bytes([byte]))
        news = watcher.look()
        assert not news.again
        told += plain(news)
    assert told == records(content)


def first_lines(count: int) -> bytes:
    return b"".join(metrics().splitlines(keepends=True)[:count])


def other(line: bytes) -> bytes:
    """As the same epoch made once more: the same but for how fast it went."""
    return json.dumps({**json.loads(line), "samples_per_s": 1.5}).encode() + b"\n"


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("looked", [True, False])
def test_a_run_resumed_further_back_is_told_afresh(run: Path, kept: int, in_place: bool, looked: bool):
    """Cut to its first lines (in place, or as another file), perhaps looked at then, and written on differently."""
    path = run / METRICS
    path.write_bytes(metrics())
    watcher = Watcher(FolderPlace(run))
    watcher.look()
    lines = metrics().splitlines()
    grown = first_lines(kept) + b"".join(other(line) for line in lines[kept:])

    def write(content: bytes) -> None:
        if in_place:
            path.write_bytes(content)
        else:
            beside = path.with_name("beside")
            beside.write_bytes(content)
            beside.replace(path)

    shown: list[object] = [*records(metrics())]
    if looked:
        write(first_lines(kept))
        shown = after(shown, watcher.look())
        assert shown == records(first_lines(kept))
    write(grown)
    assert after(shown, watcher.look()) == records(grown)


def after(shown: list[object], news: News) -> list[object]:
    """What is shown with the news."""
    return plain(news) if news.again else shown + plain(news)


def test_a_file_replaced_by_a_longer_one_with_the_same_beginning_has_only_grown(run: Path):
    path = run / METRICS
    path.write_bytes(first_lines(2))
    watcher = Watcher(FolderPlace(run))
    watcher.look()
    beside = path.with_name("beside")
    beside.write_bytes(metrics())
    beside.replace(path)
    news = watcher.look()
    assert not news.again
    assert plain(news) == records(metrics())[2:]


def test_what_is_gone_is_told_and_comes_back(run: Path):
    watcher = Watcher(FolderPlace(run))
    watcher.look()
    away = run.rename(run.with_name("away"))
    with pytest.raises(PlaceError, match="no folder") as caught:
        watcher.look()
    assert caught.value.kind == "missing"
    (away / METRICS).write_bytes(metrics())
    away.rename(run)
    assert plain(watcher.look()) == records(metrics())


def test_an_error_in_between_loses_nothing(run: Path, monkeypatch: pytest.MonkeyPatch):
    (run / METRICS).write_bytes(metrics())
    (run / "changes.jsonl").write_text('{"step": 3, "name": "lr", "old": 0.1, "new": 0.2}\n')
    watcher, read = Watcher(FolderPlace(run)), FolderPlace.read

    def fails(self: FolderPlace, name: str, start: int, count: int) -> bytes:
        if name == "changes.jsonl":
            raise PlaceError("the disk went away")
        return read(self, name, start, count)

    with monkeypatch.context() as patch:
        patch.setattr(FolderPlace, "read", fails)
        with pytest.raises(PlaceError):
            watcher.look()
    news = watcher.look()
    assert plain(news) == records(metrics())
    assert [change.new for change in news.changes] == [0.2]


def test_another_graph_is_told(run: Path):
    watcher = Watcher(FolderPlace(run))
    assert watcher.look().graph == small()
    assert watcher.look().graph is None
    edited = replace(small(), name="other")
    (run / "graph.chainrule").write_text(files.dumps(edited))
    assert watcher.look().graph == edited


@pytest.mark.parametrize(
    "line",
    [
        "",
        "7",
        "[]",
        '{"epoch": 1}',
        '{"epoch": 0, "step": 1, "loss": 1, "metrics": {}}',
        '{"epoch": true, "step": 1, "loss": 1, "metrics": {}}',
        '{"epoch": 1, "step": 1.5, "loss": 1, "metrics": {}}',
        '{"epoch": 1, "step": 1, "loss": "high", "metrics": {}}',
        '{"epoch": 1, "step": 1, "loss": NaN, "metrics": {}}',
        '{"epoch": 1, "step": 1, "loss": 1, "loss": 2, "metrics": {}}',
        '{"epoch": 1, "step": 1, "loss": 1, "metrics": {"a": []}}',
        '{"epoch": 1, "step": 1, "loss": 1, "metrics": {"a\\nb": 1}}',
        '{"epoch": 1, "step": 1, "loss": 1e999, "metrics": {}}',
        "[" * 10_000,
    ],
)
def test_a_line_that_is_no_record_is_none(line: str):
    assert epoch_of(line.encode()) is None
    assert change_of(line.encode()) is None


def test_numbers_that_are_not_finite_come_as_words():
    line = b'{"epoch": 1, "step": 2, "loss": "Infinity", "val_loss": "NaN", "metrics": {"a": "-Infinity"}, "lr": 0.1}'
    record = epoch_of(line)
    assert record is not None
    assert record["loss"] == float("inf")
    assert record["val_loss"] != record["val_loss"]
    assert record["metrics"] == {"a": -float("inf")}


def test_a_line_without_end_is_refused(run: Path):
    (run / METRICS).write_bytes(b"x" * (2 << 20))
    with pytest.raises(PlaceError, match="does not end"):
        Watcher(FolderPlace(run)).look()


@pytest.mark.parametrize("content", [b"\xff", b"{}", b'{"format": "chainrule", "version": 1, "nodes": 3}'])
def test_a_graph_that_cannot_be_read_is_told(tmp_path: Path, content: bytes):
    with pytest.raises(PlaceError) as caught:
        Watcher(FolderPlace(write_run(tmp_path / "run", graph=content))).look()
    assert caught.value.kind == "refused"


def test_a_path_leads_to_the_newest_run(tmp_path: Path):
    run = write_run(tmp_path / "net.runs" / "2026-01-01T00-00-00Z")
    (tmp_path / "net.chainrule").write_bytes(run_files()["graph.chainrule"])
    for text in (run, run / METRICS, run.parent, tmp_path / "net.chainrule"):
        assert run_at(text) == run
    assert run_at(tmp_path / "nothing") == tmp_path / "nothing"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://localhost:6010/aaaaaaaaaaaaaaaaaaaaaaaa/", "begin with http"),
        ("http://example.org:6010/aaaaaaaaaaaaaaaaaaaaaaaa/", "ssh -L"),
        ("http://localhost.example.org/aaaaaaaaaaaaaaaaaaaaaaaa/", "another machine"),
        ("http://10.0.0.1/aaaaaaaaaaaaaaaaaaaaaaaa/", "another machine"),
        ("http://localhost:6010/", "not whole"),
        ("http://localhost:6010/../../etc/passwd", "not whole"),
        ("http://localhost:99999/aaaaaaaaaaaaaaaaaaaaaaaa/", "no address"),
        ("http://me@localhost/aaaaaaaaaaaaaaaaaaaaaaaa/", "more than"),
        ("http://localhost/aaaaaaaaaaaaaaaaaaaaaaaa/?x=1", "more than"),
        ("file:///etc/passwd", "begin with http"),
    ],
)
def test_addresses_of_other_kinds_are_refused(url: str, words: str):
    with pytest.raises(PlaceError, match=words) as caught:
        place_of(url)
    assert caught.value.kind == "refused"


def test_an_address_is_read_as_it_is_printed():
    for host in ("localhost", "127.0.0.1", "[::1]"):
        url = f"http://{host}:6010/aaaaaaaaaaaaaaaaaaaaaaaa/"
        assert address_of(f" {url}\n").url == url


# -- the thread --


class Heard:
    """What a follower told, and a way to wait for it."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._more = threading.Condition()

    def __call__(self, told: Told) -> None:
        with self._more:
            self.told.append(told)
            self._more.notify_all()

    def wait(self, kind: type) -> Told:
        """The first of a kind."""
        with self._more:
            assert self._more.wait_for(lambda: any(isinstance(told, kind) for told in self.told), timeout=30)
            return next(told for told in self.told if isinstance(told, kind))


def test_a_follower_tells_what_comes_and_what_is_wrong(tmp_path: Path):
    heard = Heard()
    follower = Follower(place_of(str(tmp_path / "run")), heard, least=0.01)
    follower.start()
    trouble = heard.wait(Trouble)
    assert isinstance(trouble, Trouble)
    assert "no folder" in trouble.text
    write_run(tmp_path / "made").rename(tmp_path / "run")
    follower.look_now()
    news = heard.wait(News)
    assert isinstance(news, News)
    assert news.graph == small()
    follower.want_weights()
    weights = heard.wait(Weights)
    assert isinstance(weights, Weights)
    assert weights.path == tmp_path / "run" / "weights.safetensors"
    assert weights.step == records(metrics())[-1]["step"]
    follower.stop()
    assert follower.join(30)
    count = len(heard.told)
    follower.look_now()
    assert len(heard.told) == count


def test_a_disk_that_stalls_holds_up_the_follower_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    held, go_on = threading.Event(), threading.Event()

    def stalls(_place: FolderPlace) -> None:
        held.set()
        assert go_on.wait(30)
        raise PlaceError("gone")

    monkeypatch.setattr(FolderPlace, "listing", stalls)
    heard = Heard()
    follower = Follower(FolderPlace(tmp_path), heard)
    follower.start()
    assert held.wait(30)
    assert follower.held_up() > 0
    follower.stop()
    assert not follower.join(0)
    go_on.set()
    assert follower.join(30)
    assert heard.told == []  # nothing after the stop


def test_a_folder_that_may_not_be_read_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run, may = write_run(tmp_path / "run"), threading.Event()
    state = FolderPlace._state

    def refused(*_: object) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("engine.watching.follower.run_at", refused)
    monkeypatch.setattr(FolderPlace, "_state", lambda place, name: state(place, name) if may.is_set() else refused())
    heard = Heard()
    follower = Follower(FolderPlace(run), heard, least=0.01)
    follower.start()
    trouble = heard.wait(Trouble)
    assert isinstance(trouble, Trouble)
    assert "Permission denied" in trouble.text
    may.set()
    follower.look_now()
    heard.wait(News)
    follower.stop()
    assert follower.join(30)
