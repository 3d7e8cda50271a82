"""Weights files of other programs are read, damaged ones refused as the reference implementation does, or stricter."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from engine import startvalues, tensorfile
from engine.problem import FileError


def test_what_other_programs_write_is_read(tmp_path):
    there = {f"a.{kind}": np.arange(6, dtype=kind).reshape(2, 3) for kind in "bhiqBHIQefd"} | {"flag": np.array([True])}
    safetensors.numpy.save_file(there, tmp_path / "x.safetensors", {"who": "someone"})
    tensors, metadata = tensorfile.read(tmp_path / "x.safetensors")
    assert metadata == {"who": "someone"}
    assert {name: (tensor.shape, tensor.flat()) for name, tensor in tensors.items()} == {
        name: (value.shape, tuple(value.ravel().tolist())) for name, value in there.items()
    }
    assert startvalues.numbers(tensors["a.f"]) == ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0))
    assert startvalues.numbers(tensors["flag"]) == (1,)


def safetensors_file(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(begin=0, end=8, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


EIGHT = bytes(8)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "ends within the first 8 bytes"),
        (b"1234567", "ends within the first 8 bytes"),
        (safetensors_file({}, length=3), "its header should have 3 bytes"),
        (safetensors_file({}, length=2**63), "more than there are"),
        (safetensors_file(b"\xff\xff"), "no UTF-8"),
        (safetensors_file(b"[]"), "no object"),
        (safetensors_file(b'{"a": 1, "a": 2}'), "stands twice"),
        (safetensors_file(b"{" * 9), "its header: line 1"),
        (safetensors_file({"__metadata__": {"a": 1}}), "metadata"),
        (safetensors_file({"a": 1}), 'a" is described by 1'),
        (safetensors_file({"a": {"dtype": "F32"}}), "is described by"),
        (safetensors_file({"a": entry(dtype="F31")}, EIGHT), 'unknown kind "F31"'),
        (safetensors_file({"a": entry(shape=(-2, -1))}, EIGHT), "has sizes [-2, -1]"),
        (safetensors_file({"a": entry(shape=(2.0,))}, EIGHT), "has sizes [2.0]"),
        (safetensors_file({"a": entry(shape=(True, 2))}, EIGHT), "has sizes [true, 2]"),
        (safetensors_file({"a": entry(shape=(3,))}, EIGHT), "does not fit its shape"),
        (safetensors_file({"a": entry(shape=(2**40, 2**40))}, EIGHT), "does not fit its shape"),
        (safetensors_file({"a": entry()}, bytes(7)), "does not fit its shape"),
        (safetensors_file({"a": entry()}, bytes(9)), "belong to no tensor"),
        (safetensors_file({"a": entry(8, 0)}, EIGHT), "begins at byte 8"),
        (safetensors_file({"a": entry(), "b": entry()}, EIGHT), "begins at byte 0 of the data, but 8 is next"),
        (safetensors_file({"a": entry(), "b": entry(4, 12)}, bytes(12)), "begins at byte 4"),
        (safetensors_file({"a": entry(8, 16)}, bytes(16)), "begins at byte 8 of the data, but 0 is next"),
        (safetensors_file({"a": {**entry(), "data_offsets": [0]}}, EIGHT), "has the place"),
    ],
)
def test_a_damaged_weights_file_is_one_clear_error(tmp_path, content, part):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r'The weights file "x.safetensors" is damaged \(') as caught:
        tensorfile.read(path)
    assert part in str(caught.value)
    with pytest.raises(safetensors.SafetensorError):
        safetensors.numpy.load(content)


def test_more_dimensions_than_anyone_knows_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    for dimensions in (64, 65):
        path.write_bytes(safetensors_file({"a": entry(shape=(2,) + (1,) * (dimensions - 1))}, EIGHT))
        if dimensions == 64:
            assert len(tensorfile.read(path)[0]["a"].shape) == 64
    with pytest.raises(FileError, match="65 dimensions"):
        tensorfile.read(path)


@given(st.data())
def test_any_damage_to_the_header_is_an_error_or_harmless(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    content = bytearray(safetensors_file({"a": entry(), "b": entry(8, 16, (2, 1))}, bytes(16)))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        tensors, _ = tensorfile.read(path)
    except FileError:
        return
    assert all(len(tensor.flat()) == tensor.count for tensor in tensors.values() if tensor.dtype != "BF16")
