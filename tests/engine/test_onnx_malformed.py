"""Files that are damaged, cut off or hostile: one clear error, never a crash, a wait or a demand for memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.facts import FactsCache
from engine.onnx.importing import import_model
from engine.onnx.wire import Span, WireError, fields, varints
from engine.plan import check
from engine.problem import FileError
from tests.helpers.onnx_bytes import INT64, field, model, node, tensor, varint

FOLDER = Path(__file__).parent.parent / "golden" / "onnx"
FILES = [path.read_bytes() for path in sorted(FOLDER.glob("*.onnx"))]
QUICK = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def imported_or_refused(path, content):
    """What comes of a file has to be a graph that can be checked, or one error about that file."""
    path.write_bytes(content)
    error = None
    try:
        imported = import_model(path)
    except FileError as caught:
        error = caught
    if error is None:
        check(imported.project, FactsCache().lookup)
    else:
        assert error.code in ("F01", "F02", "F04", "F08")
        assert len(str(error)) < 1500
    return error


@QUICK
@given(data=st.data())
def test_bytes_changed_anywhere(data, tmp_path):
    content = bytearray(data.draw(st.sampled_from(FILES)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, content[place] ^ 1, content[place] ^ 0x10]))
    imported_or_refused(tmp_path / "m.onnx", bytes(content))


@QUICK
@given(data=st.data())
def test_pieces_taken_out_doubled_and_put_in(data, tmp_path):
    content = data.draw(st.sampled_from(FILES))
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 200)))
    middle = data.draw(st.sampled_from([b"", content[start:end] * 2, b"\xff" * 11, data.draw(st.binary(max_size=30))]))
    imported_or_refused(tmp_path / "m.onnx", content[:start] + middle + content[end:])


@pytest.mark.parametrize("index", range(len(FILES)))
def test_cut_off_anywhere(index, tmp_path):
    content = FILES[index]
    for end in range(0, len(content), max(1, len(content) // 60)):
        assert imported_or_refused(tmp_path / "m.onnx", content[:end]) is not None


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_an_error(content):
    span = Span(memoryview(content), 0, len(content))
    for reader in (fields, varints):
        place = 0
        try:
            for _ in reader(span):
                pass
        except WireError as error:
            place = error.at
        assert 0 <= place <= len(content)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
def test_packed_numbers_are_read_as_they_were_written(values):
    content = field(7, b"".join(varint(value) for value in values))
    (entry,) = fields(Span(memoryview(content), 0, len(content)))
    assert entry.wholes() == values


HOSTILE = {
    "a tensor that claims terabytes": ({"w": tensor((1 << 31, 1 << 31), [1.0])}, node("Add", ["x", "w"], ["y"])),
    "a tensor that claims nothing, with bytes": ({"w": tensor((0, 5), [1.0])}, node("Add", ["x", "w"], ["y"])),
    "a negative size": ({"w": tensor((-4, -4), [1.0] * 16)}, node("Add", ["x", "w"], ["y"])),
    "more dimensions than anybody has": ({"w": tensor((1,) * 65, [1.0])}, node("Add", ["x", "w"], ["y"])),
    "a constant stretched over everything": ({}, node("ConstantOfShape", ["s"], ["y"])),
    "a shape of terabytes": ({}, node("Reshape", ["x", "s"], ["y"])),
    "a window of terabytes": ({}, node("MaxPool", ["x"], ["y"], kernel_shape=[1 << 40, 1 << 40])),
    "pads of terabytes": ({"w": tensor((1, 1, 1, 1), [1.0])}, node("Conv", ["x", "w"], ["y"], pads=[1 << 40] * 4)),
    "an empty kernel": ({"w": tensor((0, 1, 1, 1), [])}, node("Conv", ["x", "w"], ["y"])),
    "an empty matrix": ({"w": tensor((6, 0), [])}, node("Gemm", ["x", "w"], ["y"])),
    "groups without end": ({"w": tensor((1, 1, 1, 1), [1.0])}, node("Conv", ["x", "w"], ["y"], group=1 << 62)),
    "axes out of the world": ({}, node("Unsqueeze", ["x"], ["y"], axes=[1 << 62])),
    "a slice without a step": ({}, node("Slice", ["s", "s", "s", "s", "s"], ["y"])),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_sizes_are_not_believed(what, tmp_path):
    initializers, last = HOSTILE[what]
    sizes = {"s": tensor((2,), [1 << 40, 1 << 40], INT64)}
    content = model([last], {**sizes, **initializers}, {"x": ("N", 6)}, ["y"], opset=12)
    tracemalloc.start()
    error = imported_or_refused(tmp_path / "m.onnx", content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error is not None
    assert most < 32 << 20


def test_numbers_that_are_not_finite_are_told_before_anything_is_written(tmp_path):
    from engine import files

    path = tmp_path / "m.onnx"
    path.write_bytes(
        model([node("Gemm", ["x", "w"], ["y"])], {"w": tensor((6, 1), [float("nan")] * 6)}, {"x": ("N", 6)}, ["y"])
    )
    imported = import_model(path)
    with pytest.raises(FileError, match="not finite"):
        files.save(imported.project, tmp_path / "net.chainrule", dict(imported.weights))
    assert not (tmp_path / "net.chainrule").exists()


def test_the_message_names_the_byte(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(FILES[0][:100])
    with pytest.raises(
        FileError, match=r'"m.onnx" is no ONNX model that can be read \(byte \d+: field \d+ should have'
    ):
        import_model(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04 a zip file", b"\x89PNG\r\n\x1a\n", b"x" * 100])
def test_something_else_entirely(tmp_path, content):
    error = imported_or_refused(tmp_path / "m.onnx", content)
    assert error is not None
    assert error.code == "F01"
