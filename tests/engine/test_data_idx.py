import gzip
import struct

import numpy as np
import pytest
import torch

from engine import assets
from engine.data import load_data
from engine.data.filefacts import read_facts, waiting_lookup
from engine.data.idx import read_idx
from engine.datafiles import DEBIAN_FASHION, idx_files, sample_folder
from engine.dataspec import DataFacts
from engine.problem import DataError, Problem
from tests.helpers.data import input_params
from tests.helpers.make_fashion_sample import PER_CLASS, sample, write_idx

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
RNG = np.random.default_rng(0)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def images(count=20, side=4):
    return RNG.integers(0, 256, (count, side, side), dtype=np.uint8)


def labels(count=20):
    return (np.arange(count) % 10).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / IMAGES).write_bytes(idx(images()))
    (tmp_path / LABELS).write_bytes(idx(labels()))
    return tmp_path


def params_of(folder, **values):
    return input_params(**{"dataset": "mnist", "folder": str(folder), **values})


def check(folder, **values):
    params = params_of(folder, **values)
    facts = waiting_lookup(None)(params)
    data = load_data(params)
    assert facts == data.facts
    return data


def test_plain_and_compressed_with_and_without_test_part(folder):
    pixels = read_idx(folder / IMAGES, 3)
    data = check(folder, val_fraction=0.0)
    assert data.facts.counts == (20, 0, 0)
    assert torch.equal(data.train["x"], torch.from_numpy(pixels[:, None]).float() / 255)
    assert data.train["y"].tolist() == labels().tolist()
    (folder / "t10k-images.idx3-ubyte.gz").write_bytes(gzip.compress(idx(images(7))))
    (folder / "t10k-labels.idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels(7))))
    data = check(folder)
    assert data.facts.counts == (18, 2, 7)
    assert data.test["y"].tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_torchvisions_folders_are_found(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("root")
    (place / "MNIST").mkdir()
    folder.rename(place / "MNIST" / "raw")
    assert check(place).count("train") == 18


def broken(folder, name, content):
    (folder / name).write_bytes(content)
    params = params_of(folder)
    with pytest.raises(DataError) as caught:
        load_data(params)
    return caught.value, read_facts(params, None)


GOOD = idx(images())
CASES = {
    "magic": (IMAGES, b"\x01\x02" + GOOD[2:], "two zero bytes"),
    "text": (IMAGES, b"hello world", "two zero bytes"),
    "type": (IMAGES, GOOD[:2] + b"\x0d" + GOOD[3:], "type 0x0d; unsigned bytes"),
    "dimensions": (IMAGES, idx(labels()), "1 dimension; 3 are expected"),
    "header": (IMAGES, GOOD[:9], "ends within its header"),
    "empty": (IMAGES, idx(np.zeros((0, 4, 4))), "holds no samples"),
    "no pixels": (IMAGES, idx(np.zeros((20, 4, 0))), "images of 4×0 pixels"),
    "counts": (LABELS, idx(labels(19)), "20 images but .* 19 labels"),
    "giant": (IMAGES, GOOD[:4] + struct.pack(">3I", 20, 1 << 31, 1 << 31), "pixels are not possible"),
    "too many": (IMAGES, GOOD[:4] + struct.pack(">3I", 1 << 31, 4, 4), "images but"),
}
CONTENT_CASES = {
    "short": (IMAGES, GOOD[:-5], "320 numbers are announced but it holds only 315"),
    "long": (IMAGES, GOOD + b"\0", "but it holds more"),
    "label": (LABELS, idx(np.array([3] * 19 + [10])), "label 10 of sample 20 is not one of 0 to 9"),
    "truncated gzip": (IMAGES, gzip.compress(GOOD)[:-20], "the compressed data end early"),
    "flipped gzip": (
        IMAGES,
        bytes(gzip.compress(GOOD)[:-8]) + b"\0\0\0\0" + gzip.compress(GOOD)[-4:],
        "compression is broken",
    ),
    "gzip bomb": (IMAGES, gzip.compress(GOOD + bytes(50_000_000)), "but it holds more"),
}


@pytest.mark.parametrize("case", CASES)
def test_broken_headers_are_seen_by_facts_too(folder, case):
    name, content, words = CASES[case]
    error, facts = broken(folder, name, content)
    assert isinstance(facts, Problem)
    assert facts.message == error.message
    assert name in error.message
    with pytest.raises(DataError, match=words):
        raise error


@pytest.mark.parametrize("case", CONTENT_CASES)
def test_broken_content_is_one_clear_error(folder, case):
    name, content, words = CONTENT_CASES[case]
    error, _ = broken(folder, name, content)
    assert error.code == "D02"
    assert name in error.message
    assert words in error.message


def test_a_gzip_that_is_cut_within_its_header(folder):
    error, facts = broken(folder, IMAGES, gzip.compress(GOOD)[:12])
    assert isinstance(facts, Problem)
    assert "end early" in error.message


def test_a_folder_without_the_files(tmp_path):
    problem = waiting_lookup(None)(params_of(tmp_path))
    assert isinstance(problem, Problem)
    assert problem.code == "D03"
    assert f'"{tmp_path}" has no IDX files' in problem.message
    lost = waiting_lookup(None)(params_of(tmp_path / "lost"))
    assert isinstance(lost, Problem)
    assert "There is no folder" in lost.message


# -- the bundled sample --


def test_the_sample_is_balanced_and_complete():
    params = input_params(dataset="fashion-mnist", source="sample", val_fraction=0.0)
    facts = waiting_lookup(None)(params)
    assert isinstance(facts, DataFacts)
    data = load_data(params)
    assert data.facts == facts
    assert facts.counts == (10_000, 0, 2_000)
    assert facts.fields[0].shape == (1, 28, 28)
    assert torch.bincount(data.train["y"]).tolist() == [1000] * 10
    assert torch.bincount(data.test["y"]).tolist() == [200] * 10
    assert (float(data.train["x"].min()), float(data.train["x"].max())) == (0.0, 1.0)
    assert data.label == "Fashion-MNIST, bundled sample"
    assert float(data.train["x"].mean()) == pytest.approx(0.286, abs=0.003)  # of the full set: 0.2860


def test_the_sample_comes_with_its_licence():
    place = assets.folder() / "data" / "fashion-mnist"
    assert place == sample_folder()
    assert "Zalando" in (place / "LICENSE").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in place.iterdir()) < 7_000_000


@pytest.mark.skipif(not DEBIAN_FASHION.is_dir(), reason="the full Fashion-MNIST is not installed")
def test_the_sample_is_what_its_script_draws_from_the_full_set():
    for part, count in PER_CLASS.items():
        all_labels = read_idx(DEBIAN_FASHION / f"{part}-labels-idx1-ubyte.gz", 1)
        rows = sample(all_labels, count)
        drawn = read_idx(DEBIAN_FASHION / f"{part}-images-idx3-ubyte.gz", 3)[rows]
        assert np.array_equal(read_idx(sample_folder() / f"{part}-images-idx3-ubyte.gz", 3), drawn)
        assert np.array_equal(read_idx(sample_folder() / f"{part}-labels-idx1-ubyte.gz", 1), all_labels[rows])


@pytest.mark.skipif(not DEBIAN_FASHION.is_dir(), reason="the full Fashion-MNIST is not installed")
def test_the_full_set_is_taken_where_it_is_found():
    facts = waiting_lookup(None)(input_params(dataset="fashion-mnist", val_fraction=0.0))
    assert isinstance(facts, DataFacts)
    assert facts.counts == (60_000, 0, 10_000)


def test_without_the_full_set_the_sample_is_taken(monkeypatch, tmp_path):
    monkeypatch.setattr("engine.datafiles.DEBIAN_FASHION", tmp_path)
    assert idx_files(input_params(dataset="fashion-mnist"), None).images.parent == sample_folder()
    with pytest.raises(DataError, match="The full Fashion-MNIST is not on this machine") as caught:
        idx_files(input_params(dataset="fashion-mnist", source="full"), None)
    assert caught.value.code == "D03"
    write_idx(tmp_path / f"{IMAGES}.gz", images())
    write_idx(tmp_path / f"{LABELS}.gz", labels())
    assert idx_files(input_params(dataset="fashion-mnist"), None).images.parent == tmp_path
    assert idx_files(input_params(dataset="fashion-mnist", source="sample"), None).images.parent == sample_folder()


def test_a_folder_that_is_named_comes_first(folder):
    data = check(folder, dataset="fashion-mnist")
    assert data.facts.fields[0].shape == (1, 4, 4)
    assert data.classes[0] == "T-shirt"
