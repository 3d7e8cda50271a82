import io
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.data import load_data
from engine.data.pictures import open_picture, pixels
from engine.problem import DataError
from tests.helpers.data import checked, input_params
from tests.helpers.data import refusal as refusal_of

RNG = np.random.default_rng(2)


@pytest.fixture
def folder(tmp_path):
    for name, count in (("cats", 3), ("dogs", 2)):
        (tmp_path / name).mkdir()
        for index in range(count):
            Image.fromarray(RNG.integers(0, 256, (6, 5), dtype=np.uint8)).save(tmp_path / name / f"{index}.png")
    return tmp_path


def params_of(folder, **values):
    return input_params(**{"dataset": "images", "path": str(folder), "val_fraction": 0.0, **values})


def check(folder, **values):
    return checked(params_of(folder, **values))


def refusal(folder, **values):
    return refusal_of(params_of(folder, **values))


def test_one_folder_a_class(folder):
    (folder / "notes.txt").write_text("not an image")
    (folder / "cats" / "readme.md").write_text("nor this")
    (folder / ".hidden").mkdir()
    (folder / "empty").mkdir()
    data = check(folder)
    assert data.classes == ("cats", "dogs")
    assert data.train["y"].tolist() == [0, 0, 0, 1, 1]
    assert data.facts.fields[0].shape == (1, 6, 5)
    with Image.open(folder / "dogs" / "1.png") as image:
        assert np.array_equal(data.train["x"][4, 0].numpy(), np.asarray(image) / 255)


def test_one_coloured_image_makes_all_coloured(folder):
    Image.new("RGB", (5, 6), (255, 0, 51)).save(folder / "dogs" / "9.png")
    data = check(folder)
    assert data.facts.fields[0].shape == (3, 6, 5)
    assert data.train["x"][-1, :, 0, 0].tolist() == [1.0, 0.0, 0.2]
    assert torch.equal(data.train["x"][0, 0], data.train["x"][0, 2])
    assert check(folder, color="gray").facts.fields[0].shape == (1, 6, 5)


def test_resizing(folder):
    Image.new("L", (50, 60), 128).save(folder / "dogs" / "9.png")
    problem = refusal(folder)
    assert problem.code == "D06"
    assert '"dogs/9.png" is 60×50 (height × width) but others are 6×5' in problem.message
    assert "Set size" in problem.hint
    assert problem.fix == ("set", "size", (6, 5))
    data = check(folder, size=[4, 8])
    assert data.facts.fields[0].shape == (1, 4, 8)
    assert torch.allclose(data.train["x"][-1], torch.tensor(128 / 255, dtype=torch.float64))


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, [1.0]),
        ("L", 51, [0.2]),
        ("I;16", 0x3333, [0.2]),
        ("P", 0, [0.0]),
        ("LA", (0, 0), [1.0]),
        ("RGB", (255, 0, 51), [1.0, 0.0, 0.2]),
        ("RGBA", (255, 0, 51, 255), [1.0, 0.0, 0.2]),
        ("RGBA", (255, 0, 51, 0), [1.0, 1.0, 1.0]),
        ("CMYK", (0, 255, 204, 0), [1.0, 0.0, 0.2]),
    ],
)
def test_modes(tmp_path, mode, value, expected):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.new(mode, (3, 2), value).save(path)
    with open_picture(path) as image:
        values = pixels(image, len(expected), None)
    assert values.shape == (len(expected), 2, 3)
    assert (values[:, 0, 0] / 255).tolist() == expected


def test_pictures_are_turned_as_their_camera_says(tmp_path):
    (tmp_path / "a").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (8, 4)).save(tmp_path / "a" / "turned.jpg", exif=exif)
    Image.new("L", (4, 8)).save(tmp_path / "a" / "upright.jpg")
    assert check(tmp_path).facts.fields[0].shape == (1, 8, 4)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def giant_png(width, height):
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(14_000, 13_000), (10_000, 9_000), (7_100, 7_100), (100_000, 100_000)])
def test_images_of_many_megapixels_are_refused_by_their_header(folder, width, height):
    (folder / "dogs" / "giant.png").write_bytes(giant_png(width, height))
    problem = refusal(folder, size=8)
    assert problem.code == "D01"
    assert '"dogs/giant.png"' in problem.message
    assert "50 megapixels" in problem.message


@pytest.mark.parametrize(
    "content",
    [b"not an image", b"\x89PNG\r\n\x1a\n" + b"\0" * 30, b"GIF89a", b"%PDF-1.4", b"\xff\xd8\xff\xe0" + b"\0" * 9],
)
def test_a_file_that_is_no_image_is_named(folder, content):
    (folder / "cats" / "9.png").write_bytes(content)
    problem = refusal(folder)
    assert problem.code == "D02"
    assert '"cats/9.png" is damaged or of another kind' in problem.message


def test_an_image_that_ends_early_is_named(folder):
    path = folder / "cats" / "1.png"
    Image.fromarray(RNG.integers(0, 256, (60, 50), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(
        DataError, match=r'"cats/1.png" is damaged or of another kind: the image cannot be decoded'
    ) as caught:
        load_data(params_of(folder, size=8))
    assert caught.value.code == "D02"


def test_no_folder_is_no_file(folder):
    assert refusal(folder, path="").message == "No folder is chosen yet."


def test_folders_without_classes(tmp_path):
    Image.new("L", (3, 3)).save(tmp_path / "a.png")
    problem = refusal(tmp_path)
    assert problem.code == "D02"
    assert "no folders with images; one folder a class is expected" in problem.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
@given(data=st.data())
def test_a_damaged_byte_gives_a_picture_or_one_clear_error(tmp_path_factory, kind, data):
    whole = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(whole, kind)
    content = bytearray(whole.getvalue())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / f"damaged.{kind}"
    path.write_bytes(bytes(content))
    try:
        with open_picture(path) as image:
            shape = pixels(image, 3, (4, 4)).shape
    except DataError as error:
        shape = (3, 4, 4) if path.name in error.message and error.code in ("D01", "D02") else ()
    assert shape == (3, 4, 4)
