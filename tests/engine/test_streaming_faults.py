"""Shards that are damaged, cut, changed or strange: one error that names file, member and place."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.data import load_data
from engine.data.filefacts import read_facts
from engine.data.streaming import remembered
from engine.data.streaming.shardindex import look_through
from engine.datafiles import shard_files
from engine.problem import DataError, Problem
from engine.training.batching import Batches
from tests.engine.streamed_files import (
    image_folder,
    npy,
    npy_table,
    npz_pictures,
    picture_shards,
    png,
    write_tar,
)
from tests.helpers.data import input_params

GRAY = np.arange(20, dtype=np.uint8).reshape(4, 5)
GOOD = {"a.png": png(GRAY), "a.cls": b"0", "b.png": png(GRAY), "b.cls": b"1"}


def params(path: Path, **values: Any) -> dict[str, Any]:
    return input_params(**{"dataset": "shards", "path": str(path), "val_fraction": 0.0, "memory": "stream", **values})


def refusal(path: Path, **values: Any) -> Problem:
    problem = read_facts(params(path, **values), None)
    assert isinstance(problem, Problem), problem
    return problem


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    write_tar(tmp_path / "s.tar", GOOD)
    return tmp_path / "s.tar"


# -- archives --


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_lie_where_tarfile_says(tmp_path: Path, kind: int):
    long = "folder/" + "n" * 150
    files = {f"{long}.png": png(GRAY), f"{long}.cls": b"3", "ü.png": png(GRAY), "ü.cls": b"4"}
    if kind == tarfile.USTAR_FORMAT:
        files = {name.replace("n" * 150, "n" * 90): content for name, content in files.items()}
    write_tar(tmp_path / "s.tar", files, kind)
    found = look_through(tmp_path / "s.tar")
    with tarfile.open(tmp_path / "s.tar") as archive:
        pictures = [member for member in archive if member.name.endswith(".png")]
    assert found.at.tolist() == [member.offset_data for member in pictures]
    assert found.size.tolist() == [member.size for member in pictures]
    assert found.targets is not None
    assert found.targets.tolist() == [3, 4]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.8, 0.9])
def test_a_cut_archive_is_refused_at_its_place(shard: Path, keep: float):
    whole = shard.read_bytes()
    with tarfile.open(shard) as archive:
        end = max(member.offset_data + member.size for member in archive)
    end += -end % 512
    shard.write_bytes(whole[: int(end * keep)])
    problem = refusal(shard)
    assert problem.code == "D02"
    assert '"s.tar"' in problem.message
    assert "at byte" in problem.message
    shard.write_bytes(whole[:end])
    assert "without the mark of its end" in refusal(shard).message


def test_a_damaged_header_is_not_taken_for_the_end(shard: Path):
    content = bytearray(shard.read_bytes())
    with tarfile.open(shard) as archive:
        third = archive.getmembers()[2].offset
    content[third + 150] ^= 0xFF  # of the checksum
    shard.write_bytes(content)
    with tarfile.open(shard) as archive:
        assert len(archive.getmembers()) == 2  # as tarfile sees it
    problem = refusal(shard)
    assert problem.code == "D02"
    assert f"at byte {third:,}" in problem.message


@given(st.data())
def test_a_flipped_byte_is_told_or_harmless(data: st.DataObject):
    folder = remembered.folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "flipped.tar"
    write_tar(path, GOOD)
    content = bytearray(path.read_bytes())[: 512 * 12]
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content) + bytes(1024))
    told = ""
    try:
        found = load_data(params(path))
    except DataError as error:
        told = str(error)
    assert "flipped.tar" in told if told else found.train["x"].shape[1:] == (1, 4, 5)


def test_compressed_archives_and_other_files_are_refused(tmp_path: Path):
    with tarfile.open(tmp_path / "z.tar", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    assert "compressed" in refusal(tmp_path / "z.tar").message
    (tmp_path / "n.tar").write_bytes(b"not an archive" * 100)
    assert "no TAR file" in refusal(tmp_path / "n.tar").message
    assert refusal(tmp_path / "missing.tar").code == "D03"
    (tmp_path / "empty.tar").write_bytes(bytes(10240))
    assert "no samples" in refusal(tmp_path / "empty.tar").message


def test_links_are_refused(tmp_path: Path):
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        info = tarfile.TarInfo("a.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    assert "link" in refusal(tmp_path / "s.tar").message


# -- samples --


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({**GOOD, "c.pyd": b"cos\nsystem\n."}, "never done"),
        ({**GOOD, "c.pickle": b"."}, "never done"),
        ({**GOOD, "c.x.pth": b"."}, "never done"),
        ({**GOOD, "c.png": png(GRAY)}, '"c" has other members'),
        ({**GOOD, "c.cls": b"1"}, '"c" has no input'),
        ({**GOOD, "c.png": png(GRAY), "c.npy": npy(GRAY), "c.cls": b"0"}, "two inputs"),
        ({**GOOD, "c.png": png(GRAY), "c.cls": b"0", "c.json": b"0"}, "two targets"),
        ({**GOOD, "c.png": png(GRAY), "c.cls": b""}, '"c.cls" (at byte'),
        ({**GOOD, "c.png": png(GRAY), "c.cls": b"\xff\xfe"}, '"c.cls" (at byte'),
        ({"c.png": png(GRAY), "c.json": b'{"z": 1}'}, "a number, a name or a list"),
        ({"c.png": png(GRAY), "c.json": b"[" * 9999}, '"c.json" (at byte'),
        ({"c.png": png(GRAY), "c.json": b"NaN"}, "NaN"),
        ({"c.png": png(GRAY), "c.json": b"[1]", "d.png": png(GRAY), "d.json": b"[1, 2]"}, '"d" has shape'),
        ({"c.npy": npy(np.array([None, 1], dtype=object)), "c.cls": b"0"}, "never unpickled"),
        ({"c.png": png(GRAY), "c.y.npy": b"\x93NUMPY"}, '"c.y.npy"'),
        ({"c.png": b"no picture", "c.cls": b"0"}, '"c.png" (at byte'),
    ],
)
def test_strange_samples_are_refused_by_name(tmp_path: Path, files: dict[str, bytes], words: str):
    write_tar(tmp_path / "s.tar", files)
    with pytest.raises(DataError) as caught:
        load_data(params(tmp_path / "s.tar"))
    assert words in str(caught.value)
    assert "s.tar" in str(caught.value)


def test_interrupted_samples_are_refused(tmp_path: Path):
    write_tar(tmp_path / "s.tar", [("a.png", png(GRAY)), ("b.png", png(GRAY)), ("a.cls", b"0"), ("b.cls", b"1")])
    assert "began before" in refusal(tmp_path / "s.tar").message


def test_shards_of_different_kinds_do_not_fit(tmp_path: Path):
    write_tar(tmp_path / "0.tar", GOOD)
    write_tar(tmp_path / "1.tar", {"c.npy": npy(GRAY), "c.cls": b"1"})
    problem = refusal(tmp_path)
    assert problem.code == "D06"
    assert '"1.tar" holds other samples than "0.tar"' in problem.message


def test_an_image_of_another_size_or_damaged_is_told_when_it_is_read(tmp_path: Path):
    big = png(np.zeros((9, 9), dtype=np.uint8))
    write_tar(tmp_path / "s.tar", {**GOOD, "deep/c.png": big, "deep/c.cls": b"1"})
    data = load_data(params(tmp_path / "s.tar"))
    with pytest.raises(DataError) as caught:
        data.train["x"][2:3]
    assert caught.value.code == "D06"
    assert '"s.tar": "deep/c.png" (at byte' in caught.value.message
    assert load_data(params(tmp_path / "s.tar", size=4)).train["x"][2:3].shape == (1, 1, 4, 4)
    broken = bytearray(GOOD["b.png"])
    broken[45] ^= 0xFF
    write_tar(tmp_path / "t.tar", {**GOOD, "b.png": bytes(broken)})
    data = load_data(params(tmp_path / "t.tar"))
    batches = Batches(data.train, 1, shuffle=False, drop=0, seed=0)
    batches.next()
    with pytest.raises(DataError, match=r'"t.tar": "b.png" \(at byte') as caught:
        batches.next()
    assert caught.value.code == "D02"
    assert batches.position == 1


# -- files that change --


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("form", [npy_table, npz_pictures, picture_shards])
@pytest.mark.parametrize("change", [append, cut])
def test_a_file_written_to_while_it_is_read_is_told_with_its_place(tmp_path: Path, form: Any, change: Any):
    data = load_data(input_params(**form(tmp_path), memory="stream"))
    batches = Batches(data.train, 4, shuffle=True, drop=0, seed=0)
    batches.next()
    data.close()
    for path in [*tmp_path.glob("*.np*"), *tmp_path.glob("*.tar")]:
        change(path)
    with pytest.raises(DataError, match=r"was changed while it is being read .*, at (sample|x)") as caught:
        batches.next()
    data.close()
    assert caught.value.code == "D08"


def test_a_file_that_is_replaced_is_read_on_as_it_was(tmp_path: Path):
    values = npy_table(tmp_path)
    data = load_data(input_params(**values, memory="stream"))
    before = data.train["x"][:5]
    np.save(tmp_path / "other.npy", np.zeros((1, 5)))
    (tmp_path / "other.npy").replace(tmp_path / "table.npy")
    assert data.train["x"][:5].equal(before)


def test_an_image_that_is_gone_is_named(tmp_path: Path):
    data = load_data(input_params(**image_folder(tmp_path), memory="stream", val_fraction=0.0))
    gone = sorted((tmp_path / "images" / "cats").iterdir())[1]
    gone.unlink()
    with pytest.raises(DataError, match=gone.name) as caught:
        data.train["x"][0:4]
    assert caught.value.code == "D03"
    Image.fromarray(np.zeros((3, 3), dtype=np.uint8)).save(gone)
    with pytest.raises(DataError, match=f"cats/{gone.name}"):
        data.train["x"][0:4]


def test_numbers_that_are_not_finite_are_told_when_they_are_read(tmp_path: Path):
    x = np.zeros((40, 3))
    x[31, 2] = np.inf
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(40) % 2)
    values = {"dataset": "npz", "path": str(tmp_path / "a.npz"), "memory": "stream", "val_fraction": 0.0}
    data = load_data(input_params(**values))
    assert data.train["x"][:31].sum() == 0
    with pytest.raises(DataError, match=r'"a.npz": x\[31, 2\] is inf'):
        data.train["x"][20:35]
    with pytest.raises(DataError, match=r"x\[31, 2\]"):
        load_data(input_params(**values, standardize=True))


# -- the cache --


def test_the_index_is_kept_and_anything_odd_in_its_place_is_not_believed(shard: Path):
    first = look_through(shard)
    (kept,) = remembered.folder().glob("*.npz")
    content = kept.read_bytes()
    again = look_through(shard)
    assert again.at.tolist() == first.at.tolist()
    for odd in (b"", b"PK", content[:100], content.replace(b"at.npy", b"xx.npy")):
        kept.write_bytes(odd)
        assert look_through(shard).at.tolist() == first.at.tolist()
        assert kept.read_bytes() == content
    np.savez(kept, at=np.array([10**9, 2]), size=np.array([1, 1]), arrays=np.array(False), targets=np.empty(0))
    assert look_through(shard).at.tolist() == first.at.tolist()


def test_without_a_cache_folder_all_works(shard: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(remembered, "folder", lambda: shard)  # a file, in which nothing can be
    assert len(look_through(shard).at) == 2
    assert load_data(params(shard, standardize=True)).count("train") == 2


# -- names of shards --


def test_patterns_are_those_of_a_shell(tmp_path: Path):
    def names(pattern: str) -> list[str]:
        return [path.name for path in shard_files(pattern, tmp_path)]

    assert names("d-{08..11}.tar") == ["d-08.tar", "d-09.tar", "d-10.tar", "d-11.tar"]
    assert names("d-{8..10}.tar") == ["d-8.tar", "d-9.tar", "d-10.tar"]
    assert names("d.tar") == ["d.tar"]
    for odd in ("d-{3..1}.tar", "d-{0..999999999}.tar", "{0..1}-{0..1}.tar"):
        with pytest.raises(DataError) as caught:
            names(odd)
        assert caught.value.code == "D05"
    with pytest.raises(DataError, match="no TAR files"):
        shard_files(str(tmp_path), None)
    (tmp_path / "b.tar").touch()
    (tmp_path / "a.tar").touch()
    (tmp_path / "a.txt").touch()
    assert names(".") == ["a.tar", "b.tar"]


def test_a_lacking_shard_of_a_pattern_is_named(tmp_path: Path):
    write_tar(tmp_path / "d-0.tar", GOOD)
    problem = read_facts(params(tmp_path / "d-{0..1}.tar"), None)
    assert isinstance(problem, Problem)
    assert problem.code == "D03"
    assert "d-1.tar" in problem.message
