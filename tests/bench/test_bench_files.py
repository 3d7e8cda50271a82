"""How long it takes to read and write large graph files: printed, not judged."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from engine import files, recovery
from engine.graph import Graph, Layout, Node, Project, Wire
from engine.problem import FileError

REPEATS = 15


def chain(count: int) -> Project:
    """Dense blocks in a row, all with places and bends."""
    nodes = [Node(f"dense{n}", "Dense", Node("a", "").params.merged({"out_features": 32})) for n in range(count)]
    wires = [Wire(f"dense{n}", "out", f"dense{n + 1}", "in", ((n * 200.0, 5.0),)) for n in range(count - 1)]
    places = Layout().nodes.update({node.id: (n * 200.0, 0.0) for n, node in enumerate(nodes)})
    return Project("Chain", graph=Graph.of(nodes, wires), layout=Layout(places))


def milliseconds(call: Callable[[], Any]) -> str:
    """The median and the largest of some calls."""
    taken = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begin) * 1e3)
    taken.sort()
    return f"{taken[len(taken) // 2]:6.1f} ms, at most {taken[-1]:6.1f} ms"


def test_large_files(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for count in (100, 2000, 10_000):
        project, path = chain(count), tmp_path / "net.chainrule"
        text = files.dumps(project)
        print(f"\n{count:,} blocks, {len(text) / 1024:,.0f} KiB")
        print("  dumps   ", milliseconds(partial(files.dumps, project)))
        print("  loads   ", milliseconds(partial(files.loads, text)))
        print("  save    ", milliseconds(partial(files.save, project, path)))
        print("  load    ", milliseconds(partial(files.load, path)))
        print("  recovery", milliseconds(partial(recovery.write, project, None)))
        assert files.load(path) == project


def test_weights(tmp_path):
    weights = {"dense.weight": memoryview(bytes(40_000_000)).cast("f")}
    print("\n10,000,000 numbers\n  save    ", milliseconds(lambda: files.save(chain(1), tmp_path / "a", weights)))


def test_a_damaged_file():
    text = files.dumps(chain(2000))

    def fail() -> None:
        try:
            files.loads(text[:-9])
        except FileError as error:
            message.append(str(error))

    message: list[str] = []
    print("\na damaged file of 2,000 blocks\n  loads   ", milliseconds(fail), "\n ", message[0])
