"""Checkpoints of several processes: put together from their parts, and refused where they are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine import checkpoints
from engine.problem import FileError
from engine.training.checkpoint import load_state
from engine.training.shards import Chunk, Index, Stored, key_of, write_index

WHOLE = torch.arange(6.0).view(3, 2)
ABOUT = {"step": 4, "epochs": 1, "planned": 2, "over": False, "trains": "x"}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint-000007.shards"
    path.mkdir()
    save_file({key_of("a/w", (0, 0)): WHOLE[:2].clone()}, path / "0.safetensors")
    save_file({key_of("a/w", (2, 0)): WHOLE[2:].clone()}, path / "1.safetensors")
    chunks = (Chunk((0, 0), (2, 2), "0.safetensors"), Chunk((2, 0), (1, 2), "1.safetensors"))
    write_index(path, Index({"a": {"w": "tensor:a/w"}, "b": 3}, {"a/w": Stored((3, 2), torch.float32, chunks)}), ABOUT)
    return path


def test_parts_make_the_whole(written: Path):
    state = load_state(written)
    assert torch.equal(state["a"]["w"], WHOLE)
    assert state["b"] == 3


def test_it_is_a_checkpoint_like_others(written: Path):
    run = written.parent
    (run / "checkpoint-000006.safetensors").touch()
    assert [path.name for path in checkpoints.checkpoints_in(run)] == [written.name, "checkpoint-000006.safetensors"]
    assert checkpoints.next_checkpoint(run).name == "checkpoint-000008.safetensors"
    known = checkpoints.standing(written)
    assert known is not None
    assert (known.step, known.trains) == (4, "x")


def test_without_an_index_it_is_none_and_is_tidied_away(written: Path):
    (written / "index.json").unlink()
    assert checkpoints.checkpoints_in(written.parent) == []
    checkpoints.tidy(written.parent)
    assert not written.exists()


def test_old_ones_are_deleted(written: Path):
    newer = written.with_name("checkpoint-000008.shards")
    newer.mkdir()
    write_index(newer, Index({}, {}), ABOUT)
    checkpoints.prune(written.parent, 1)
    assert [path.name for path in written.parent.iterdir()] == [newer.name]


def elsewhere(index: dict[str, Any]) -> None:
    index["tensors"]["a/w"]["chunks"][0][2] = "../0.safetensors"


def beyond(index: dict[str, Any]) -> None:
    index["tensors"]["a/w"]["chunks"][1][0] = [3, 0]


def missing_part(index: dict[str, Any]) -> None:
    del index["tensors"]["a/w"]["chunks"][1]


def other_size(index: dict[str, Any]) -> None:
    index["tensors"]["a/w"]["shape"] = [3, 3]
    index["tensors"]["a/w"]["chunks"] = [[[0, 0], [2, 3], "0.safetensors"], [[2, 0], [1, 3], "1.safetensors"]]


def unknown_kind(index: dict[str, Any]) -> None:
    index["tensors"]["a/w"]["dtype"] = "object"


def no_tensor(index: dict[str, Any]) -> None:
    index["state"]["a"]["w"] = "tensor:other"


@pytest.mark.parametrize("damage", [elsewhere, beyond, missing_part, other_size, unknown_kind, no_tensor])
def test_what_does_not_fit_is_damaged(written: Path, damage: Callable[[dict[str, Any]], None]):
    index = json.loads((written / "index.json").read_text())
    damage(index)
    (written / "index.json").write_text(json.dumps(index))
    with pytest.raises(FileError) as caught:
        load_state(written)
    assert caught.value.code == "F01"


def test_a_file_that_is_cut_is_damaged(written: Path):
    content = (written / "1.safetensors").read_bytes()
    (written / "1.safetensors").write_bytes(content[:-1])
    with pytest.raises(FileError) as caught:
        load_state(written)
    assert caught.value.code == "F01"


def test_a_newer_version_says_so(written: Path):
    index = json.loads((written / "index.json").read_text())
    (written / "index.json").write_text(json.dumps({**index, "version": 99}))
    with pytest.raises(FileError) as caught:
        load_state(written)
    assert caught.value.code == "F03"
