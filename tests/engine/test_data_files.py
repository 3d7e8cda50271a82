"""Pipes, devices, links and folders in the place of a data file: one clear error, and never a hang."""

import os
import sys

import pytest

from engine.data import load_data
from engine.data.filefacts import read_facts
from engine.data.opening import open_regular
from engine.dataspec import DataFacts
from engine.problem import DataError
from tests.helpers.data import input_params, refusal

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are files on POSIX systems only")
READERS = ("csv", "npz", "images", "mnist")


def point_at(path, dataset):
    """Parameters that make `dataset` read this very path, as far as a data set allows."""
    if dataset == "images":
        (path.parent / "set" / "a").mkdir(parents=True)
        (path.parent / "set" / "a" / "one.png").symlink_to(path)
        return input_params(dataset=dataset, path=str(path.parent / "set"))
    if dataset == "mnist":
        for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
            (path.parent / name).symlink_to(path)
        return input_params(dataset=dataset, folder=str(path.parent))
    return input_params(dataset=dataset, path=str(path))


@posix
@pytest.mark.parametrize("dataset", READERS)
def test_a_pipe_is_refused_at_once(tmp_path, dataset):
    os.mkfifo(tmp_path / "data")
    problem = refusal(point_at(tmp_path / "data", dataset))
    assert problem.code == "D01"
    assert "is a pipe" in problem.message


@posix
@pytest.mark.parametrize("dataset", READERS)
def test_a_link_to_an_endless_device_is_refused(tmp_path, dataset):
    (tmp_path / "data").symlink_to("/dev/zero")
    problem = refusal(point_at(tmp_path / "data", dataset))
    assert problem.code == "D01"
    assert "is a device" in problem.message


@posix
@pytest.mark.parametrize("dataset", READERS)
def test_a_file_without_content_is_refused(tmp_path, dataset):
    (tmp_path / "data").touch()
    problem = refusal(point_at(tmp_path / "data", dataset))
    assert problem.code == "D02"
    assert "is empty" in problem.message


@pytest.mark.parametrize("dataset", ["csv", "npz"])
def test_a_folder_is_no_file(tmp_path, dataset):
    problem = refusal(input_params(dataset=dataset, path=str(tmp_path)))
    assert problem.code == "D01"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    problem = refusal(input_params(dataset="images", path=str(tmp_path / "a.txt")))
    assert "is a file; a folder is expected" in problem.message


@pytest.mark.parametrize("dataset", ["csv", "npz", "images"])
def test_a_file_that_is_gone_is_named(tmp_path, dataset):
    problem = refusal(input_params(dataset=dataset, path=str(tmp_path / "lost")))
    assert problem.code == "D03"
    assert str(tmp_path / "lost") in problem.message
    assert "moved" in problem.hint


@posix
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "a.csv").chmod(0)
    assert "Permission denied" in refusal(input_params(dataset="csv", path=str(tmp_path / "a.csv"))).message


def test_a_huge_file_is_refused_by_its_size(tmp_path):
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(1 << 34)  # a hole: 16 GiB that take no room
    problem = refusal(input_params(dataset="csv", path=str(tmp_path / "a.csv")))
    assert problem.code == "D01"
    assert "16 GiB" in problem.message


def test_a_name_no_system_takes(tmp_path):
    problem = refusal(input_params(dataset="csv", path=str(tmp_path / ("n" * 5000))))
    assert problem.code == "D01"


def test_an_io_error_while_reading_names_the_file(tmp_path):
    (tmp_path / "a").write_text("a")
    with pytest.raises(DataError, match="cannot be read: broken disk"), open_regular(tmp_path / "a"):
        raise OSError(5, "broken disk")


def test_paths_are_relative_to_the_graph(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a,b\n1,2\n3,4.5\n")
    params = input_params(dataset="csv", path="data/a.csv", val_fraction=0.0)
    assert isinstance(read_facts(params, tmp_path), DataFacts)
    assert load_data(params, tmp_path).train["x"].tolist() == [[1], [3]]
