"""Weights files hold numbers, say which network they are for, and are read with suspicion."""

from __future__ import annotations

import json
import pickle
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine import weightfile
from engine.build import build
from engine.export.weights import export_weights
from engine.fingerprint import fingerprint
from engine.problem import FileError
from tests.helpers.projects import make_project, planned, rows

PROJECT = make_project(
    [("data", "Input"), ("dense", "Dense", {"out_features": 3}), ("bn", "BatchNorm1d"), ("loss", "Loss")],
    ["data.x -> dense", "dense -> bn", "bn -> loss.prediction", "data.y -> loss.target"],
)
RESULT = planned(PROJECT, rows(4, 3))


def test_weights_come_back_to_the_bit(tmp_path):
    for dtype in (torch.float32, torch.float64):
        net = build(RESULT, dtype=dtype, seed=3)
        (path,) = export_weights(PROJECT, net.state_dict(), tmp_path / "weights")
        assert path == tmp_path / "weights.safetensors"
        back = weightfile.read(path)
        assert back.fingerprint == fingerprint(PROJECT)
        assert (back.strange, back.nonfinite) == ({}, ())
        good, doubts = back.fitting(RESULT)
        assert doubts == []
        again = build(RESULT, dtype=dtype, parameters=good)
        for name, value in net.state_dict().items():
            assert torch.equal(again.state_dict()[name], value)
            assert again.state_dict()[name].dtype == value.dtype


def test_other_programs_can_read_it(tmp_path):
    net = build(RESULT)
    (path,) = export_weights(PROJECT, net.state_dict(), tmp_path / "w.safetensors")
    theirs = load_file(path)
    assert theirs.keys() == net.state_dict().keys()
    for name, value in net.state_dict().items():
        assert torch.equal(theirs[name], value)


def test_what_does_not_fit_is_told(tmp_path):
    path = tmp_path / "other.safetensors"
    state = {
        "dense.weight": torch.zeros(2, 4),
        "dense.bias": torch.tensor([0.0, float("nan"), 1.0]),
        "bn.weight": torch.ones(3),
        "nobody.weight": torch.zeros(1),
    }
    save_file(state, path)
    good, doubts = weightfile.read(path).fitting(RESULT)
    assert list(good) == ["bn.weight"]
    assert sorted(doubts) == [
        '"dense.bias" holds numbers that are not finite.',
        '"dense.weight" is 2 × 4 there, but 3 × 4 in this network.',
        '"nobody.weight" is no parameter of this network.',
    ]
    assert weightfile.read(path).fingerprint == ""


def test_numbers_of_other_kinds(tmp_path):
    path = tmp_path / "kinds.safetensors"
    save_file({"a": torch.tensor([1.5], dtype=torch.bfloat16), "b": torch.tensor([True]), "c": torch.empty(0, 3)}, path)
    tensors = weightfile.read(path).tensors
    assert tensors["a"].item() == 1.5
    assert tensors["b"].item() is True
    assert tensors["c"].shape == (0, 3)
    header = json.dumps({"dense.bias": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    back = weightfile.read(path)
    assert back.strange == {"dense.bias": "U64"}
    assert back.fitting(RESULT) == ({}, ['"dense.bias" holds numbers of the kind U64.'])


def test_a_tensor_read_is_its_own(tmp_path):
    (path,) = export_weights(PROJECT, build(RESULT).state_dict(), tmp_path / "w")
    weightfile.read(path).tensors["dense.bias"].fill_(7)
    assert not bool((weightfile.read(path).tensors["dense.bias"] == 7).any())


def test_weights_that_are_not_finite_are_not_exported(tmp_path):
    state = build(RESULT).state_dict()
    state["dense.bias"][0] = float("inf")
    with pytest.raises(FileError, match=r"dense\.bias. holds numbers that are not finite"):
        export_weights(PROJECT, state, tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


class Bomb:
    def __reduce__(self):
        return (print, ("a pickle was opened",))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickle.dumps(Bomb()),
        b"PK\x03\x04" + bytes(100),
        struct.pack("<Q", 1 << 60),
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{}" + b"rest",
    ],
)
def test_what_is_no_weights_file_is_refused(tmp_path, capsys, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError) as error:
        weightfile.read(path)
    assert error.value.code == "F01"
    assert capsys.readouterr().out == ""


def test_every_damaged_byte_of_the_header_is_noticed_or_harmless(tmp_path):
    (path,) = export_weights(PROJECT, build(RESULT).state_dict(), tmp_path / "w")
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    rng = np.random.default_rng(0)
    for _ in range(200):
        spoilt = bytearray(content)
        spoilt[rng.integers(8 + length)] ^= 1 << rng.integers(8)
        path.write_bytes(spoilt)
        try:
            back = weightfile.read(path)
        except FileError:
            continue
        assert sum(value.numel() * value.element_size() for value in back.tensors.values()) <= len(content)
