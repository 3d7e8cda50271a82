"""A run served on a port and read back: the same as from its folder; strangers get nothing."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.cli import main
from engine.runplace import GRAPH, METRICS
from engine.watching.address import Address, address_of
from engine.watching.folder import FolderPlace
from engine.watching.place import LIMITS, Place, PlaceError
from engine.watching.watcher import Watcher
from engine.watching.web import WebPlace
from engine.watching.wire import listing_of
from tests.engine.cli_helpers import Out
from tests.engine.watched_runs import begin_newer, metrics, records, run_files, served, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    return write_run(tmp_path / "run")


def ask(address: Address, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_what_is_read_through_the_port_is_what_lies_in_the_folder(run: Path, tmp_path: Path):
    here = FolderPlace(run)
    with served(run) as address:
        there = WebPlace(address_of(address.url))
        found, expected = there.listing(), here.listing()
        assert there.name == here.name == f"{tmp_path.name}/run"
        assert found.standing == expected.standing
        assert {name: (state.size, state.tag, state.stamp) for name, state in found.files.items()} == {
            name: (state.size, state.tag, state.stamp) for name, state in expected.files.items()
        }
        for name in found.files:
            for start, count in ((0, 10), (5, 1), (3, 1 << 20), (0, 0), (1 << 30, 5)):
                assert there.read(name, start, count) == here.read(name, start, count)
        assert there.weights(tmp_path).read_bytes() == run_files()["weights.safetensors"]


def test_every_cut_through_the_port(run: Path):
    lines = metrics().splitlines(keepends=True)
    half = len(lines[0]) // 2
    with served(run) as address:
        watcher, told = Watcher(WebPlace(address)), []
        for end in (0, half, len(lines[0]), len(lines[0]) + half, len(metrics())):
            (run / METRICS).write_bytes(metrics()[:end])
            news = watcher.look()
            assert not news.again
            told += [dict(record) for record in news.records]
    assert told == records(metrics())


def test_without_the_secret_there_is_nothing(run: Path):
    with served(run) as address:
        wrong = address.token[:-1] + ("a" if address.token[-1] != "a" else "b")
        for path in (
            "/",
            "",
            f"/{wrong}/",
            f"/{wrong}/{METRICS}",
            f"/{METRICS}",
            "/%C3%A9/",
            f"/{address.token[:-1]}/",
        ):
            assert ask(address, path)[:2] == (403, b"")
        with pytest.raises(PlaceError, match="prints another one") as caught:
            WebPlace(Address(address.host, address.port, wrong)).listing()
        assert caught.value.kind == "refused"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "..\\secret.txt",
        "./metrics.jsonl",
        "/etc/passwd",
        "metrics.jsonl/",
        "metrics.jsonl/../../secret.txt",
        "metrics.jsonl?x",
        "metrics.jsonl%00",
        "checkpoint-000001.safetensors",
        ".",
        "..",
    ],
)
def test_no_other_file_is_reached(run: Path, name: str):
    with served(run) as address:
        status, body, _ = ask(address, f"/{address.token}/{name}")
        assert (status, body) == (404, b"")


def test_what_is_no_regular_file_is_not_served(run: Path):
    (run / METRICS).unlink()
    os.mkfifo(run / METRICS)
    with served(run) as address:
        assert ask(address, f"/{address.token}/{METRICS}")[0] == 404
        assert METRICS not in listing_of(ask(address, f"/{address.token}/")[1])[1].files


def test_a_newer_run_is_offered_and_served_and_an_older_one_is_not(run: Path):
    first = write_run(run.with_name("first"))
    os.utime(first / GRAPH, (1, 1))
    with served(run) as address:
        place = WebPlace(address)
        assert place.newer() is None
        assert ask(address, f"/{address.token}/1/{METRICS}")[0] == 404
        second = begin_newer(run, "second")
        found = place.newer()
        assert found is not None
        assert found.name == "second"
        again = WebPlace(address_of(found.address))  # as it is remembered
        assert again.read(METRICS, 0, 1 << 20) == (second / METRICS).read_bytes() != metrics()
        assert again.newer() is None
        third = begin_newer(second, "third")
        assert [each.name for each in (place.newer(), again.newer()) if each] == ["third"] * 2
        os.utime(run / GRAPH, (1 << 40, 1 << 40))  # a run that was resumed is the last one, too
        back = again.newer()
        assert back is not None
        assert back.read(METRICS, 0, 1 << 20) == metrics()
        assert ask(address, f"/{address.token}/3/")[0] == 404
        os.utime(run / GRAPH, (2, 2))
        third.rename(run.parents[1] / "elsewhere")
        third.symlink_to(run.parents[1] / "elsewhere")
        assert place.newer() is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_reading(run: Path, method: str):
    with served(run) as address:
        assert ask(address, f"/{address.token}/{METRICS}", method)[0] == 501
    assert (run / METRICS).read_bytes() == metrics()


def test_ranges(run: Path):
    content = metrics()
    with served(run) as address:

        def part(asked: str) -> tuple[int, bytes, str | None]:
            status, body, headers = ask(address, f"/{address.token}/{METRICS}", Range=asked)
            return status, body, headers["Content-Range"]

        size = len(content)
        assert part("bytes=0-0") == (206, content[:1], f"bytes 0-0/{size}")
        assert part("bytes=7-") == (206, content[7:], f"bytes 7-{size - 1}/{size}")
        assert part(f"bytes=5-{10 * size}") == (206, content[5:], f"bytes 5-{size - 1}/{size}")
        assert part(f"bytes={size}-") == (416, b"", f"bytes */{size}")
        for odd in ("bytes=-5", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1"):  # not understood: the whole
            assert part(odd)[:2] == (200, content)
        status, body, headers = ask(address, f"/{address.token}/{METRICS}", "HEAD")
        assert (status, body, headers["Content-Length"]) == (200, b"", str(size))


def test_a_server_that_ends_is_told_and_comes_back(run: Path):
    with served(run, token="a" * 32) as address:
        watcher = Watcher(WebPlace(address))
        (run / METRICS).write_bytes(metrics().splitlines(keepends=True)[0])
        assert len(watcher.look().records) == 1
    with pytest.raises(PlaceError, match="nothing is served there") as caught:
        watcher.look()
    assert caught.value.kind == "unreachable"
    (run / METRICS).write_bytes(metrics())
    with served(run, address.port, "a" * 32):
        assert [dict(record) for record in watcher.look().records] == records(metrics())[1:]


@contextmanager
def answering(answer: bytes) -> Iterator[Place]:
    """Somebody else on a port, who always answers the same."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def work() -> None:
            with listening.accept()[0] as connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        thread = threading.Thread(target=work)
        thread.start()
        yield WebPlace(Address("127.0.0.1", listening.getsockname()[1], "a" * 32), patience=30)
        thread.join()


def with_body(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "ended early"),
        (with_body(b"<html>"), "no run of Chainrule"),
        (with_body(b"x" * (1 << 17)), "larger than"),
        (with_body(b'{"format": "chainrule-run", "version": 2, "name": "", "files": {}}'), "newer version"),
        (with_body(b'{"format": "chainrule-run", "version": 1, "name": "", "files": [], "standing": null}'), "no run"),
        (with_body(b"[" * 5000), "no run of Chainrule"),
    ],
)
def test_a_stranger_on_the_port_is_told(answer: bytes, words: str):
    with answering(answer) as place, pytest.raises(PlaceError, match=words):
        place.listing()


def test_an_answer_larger_than_asked_for_is_refused():
    answer = with_body(b"x" * 11, "206 Partial Content")
    with answering(answer) as place, pytest.raises(PlaceError, match="larger"):
        place.read(METRICS, 0, 10)


def test_the_command_serves_until_it_is_asked_to_end(run: Path):
    command = [sys.executable, "-m", "engine", "serve", str(run.parent), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        place = WebPlace(address_of(process.stdout.readline()), patience=30)
        assert place.listing().files.keys() == set(LIMITS) & run_files().keys()
        process.terminate()
        told = process.stderr.read()
        assert process.wait(30) == 0
    assert "ssh -L" in told
    assert "Traceback" not in told


def test_a_port_that_is_taken_is_told(run: Path, capsys: Out):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", str(run), "--port", str(taken.getsockname()[1])]) == 1
    assert "Choose another with --port." in capsys.readouterr().err


def test_what_is_no_run_is_told(tmp_path: Path, capsys: Out):
    assert main(["serve", str(tmp_path)]) == 2
    assert "is no run directory" in capsys.readouterr().err


def test_a_run_that_is_still_to_begin_is_served_as_soon_as_it_does(tmp_path: Path):
    command = [sys.executable, "-m", "engine", "serve", str(tmp_path / "run"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        place = WebPlace(address_of(process.stdout.readline()), patience=30)
        with pytest.raises(PlaceError):
            place.listing()
        write_run(tmp_path / "run")
        assert place.listing().files.keys() == set(LIMITS) & run_files().keys()
        assert place.name == f"{tmp_path.name}/run"
        process.terminate()
        assert "no run yet" in process.stderr.read()
