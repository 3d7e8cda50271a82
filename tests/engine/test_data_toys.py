"""Toy sets against a second implementation of Playground's definitions: one point after the other, in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.blocks.input import CLASS_TOYS, TOYS
from engine.data.toys import draw_toy
from tests.helpers.data import input_params


class Plain:
    """Playground's data sets as its page describes them, drawing one random number at a time."""

    def __init__(self, seed, samples, noise):
        self.random = np.random.Generator(np.random.PCG64(seed)).random
        self.samples, self.noise = samples, noise
        self.points = []

    def between(self, low, high):
        return low + (high - low) * self.random()

    def add(self, x, y, label):
        self.points.append((x, y, label))

    def bell(self, mean, variance):
        while True:
            a, b = 2 * self.random() - 1, 2 * self.random() - 1
            square = a * a + b * b
            if 0 < square <= 1:
                return mean + math.sqrt(variance) * math.sqrt(-2 * math.log(square) / square) * a

    def spiral(self):
        half = self.samples // 2
        for label, turn in ((1, 0), (-1, math.pi)):
            for index in range(half):
                radius, angle = 5 * index / half, 1.75 * index / half * 2 * math.pi + turn
                dx, dy = self.between(-1, 1) * self.noise, self.between(-1, 1) * self.noise
                self.add(radius * math.sin(angle) + dx, radius * math.cos(angle) + dy, label)

    def circle(self):
        for inner, outer in ((0, 2.5), (3.5, 5)):
            for _ in range(self.samples // 2):
                radius, angle = self.between(inner, outer), self.between(0, 2 * math.pi)
                x, y = radius * math.sin(angle), radius * math.cos(angle)
                dx, dy = self.between(-5, 5) * self.noise, self.between(-5, 5) * self.noise
                self.add(x, y, 1 if math.dist((x + dx, y + dy), (0, 0)) < 2.5 else -1)

    def xor(self):
        for _ in range(self.samples):
            x, y = (value + math.copysign(0.3, value) for value in (self.between(-5, 5), self.between(-5, 5)))
            dx, dy = self.between(-5, 5) * self.noise, self.between(-5, 5) * self.noise
            self.add(x, y, 1 if (x + dx) * (y + dy) >= 0 else -1)

    def gauss(self):
        variance = 0.5 + (4 - 0.5) * self.noise / 0.5
        for label in (1, -1):
            for _ in range(self.samples // 2):
                self.add(self.bell(2 * label, variance), self.bell(2 * label, variance), label)

    def plane(self):
        for _ in range(self.samples):
            x, y = self.between(-6, 6), self.between(-6, 6)
            dx, dy = self.between(-6, 6) * self.noise, self.between(-6, 6) * self.noise
            self.add(x, y, (x + dx + y + dy) / 10)

    def hills(self):
        for _ in range(self.samples):
            x, y = self.between(-6, 6), self.between(-6, 6)
            dx, dy = self.between(-6, 6) * self.noise, self.between(-6, 6) * self.noise
            label = 0.0
            for cx, cy, sign in ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)):
                height = min(max(1 - math.dist((x + dx, y + dy), (cx, cy)) / 2, 0), 1)
                if height > abs(label):
                    label = sign * height
            self.add(x, y, label)


PLAIN = {
    "spiral": Plain.spiral,
    "circle": Plain.circle,
    "xor": Plain.xor,
    "gauss": Plain.gauss,
    "reg-plane": Plain.plane,
    "reg-gauss": Plain.hills,
}


def rows(points, labels):
    return sorted((round(x, 9), round(y, 9), round(label, 9)) for (x, y), label in zip(points, labels, strict=True))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("seed", [0, 7])
def test_points_are_playgrounds(name, noise, seed):
    plain = Plain(seed, 200, noise)
    PLAIN[name](plain)
    points, labels = draw_toy(input_params(dataset=name, samples=200, noise=noise, seed=seed))
    if name != "gauss":
        assert rows(points, labels) == rows([point[:2] for point in plain.points], [point[2] for point in plain.points])
        return
    # Rejected pairs shift the stream between the two clouds, so only the first cloud is the same number for number.
    expected = [point for point in plain.points if point[2] == 1]
    first = labels == 1
    assert rows(points[first], labels[first]) == rows([point[:2] for point in expected], [1] * 100)
    spread = np.var(points[~first], axis=0)
    assert np.allclose(points[~first].mean(axis=0), -2, atol=0.7)
    assert np.all((spread > 0.5 * (0.5 + 7 * noise)) & (spread < 1.7 * (0.5 + 7 * noise)))


def test_moons_are_scikit_learns_scaled():
    from sklearn.datasets import make_moons

    theirs, classes = make_moons(300, shuffle=False)
    points, labels = draw_toy(input_params(dataset="moons", samples=300))
    expected = rows((theirs - (0.5, 0.25)) * 3, np.where(classes == 0, 1.0, -1.0))
    assert np.allclose(np.array(rows(points, labels)), np.array(expected), atol=1e-8)


def test_checkerboard_colours_change_with_each_square():
    points, labels = draw_toy(input_params(dataset="checkerboard", samples=1000))
    for (x, y), label in zip(points, labels, strict=True):
        assert label == (1 if (math.floor(x / 3) + math.floor(y / 3)) % 2 == 0 else -1)
    assert np.abs(points).max() <= 6


def test_noise_flips_labels_but_moves_no_points_of_scattered_sets():
    for name in ("xor", "checkerboard", "circle", "reg-plane", "reg-gauss"):
        clean, noisy = (draw_toy(input_params(dataset=name, noise=noise)) for noise in (0.0, 0.5))
        assert np.array_equal(clean[0], noisy[0])
        assert not np.array_equal(clean[1], noisy[1])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TOYS), st.integers(2, 300), st.floats(0, 0.5), st.integers(0, 1000))
def test_any_number_of_points(name, samples, noise, seed):
    params = input_params(dataset=name, samples=samples, noise=noise, seed=seed)
    points, labels = draw_toy(params)
    again, _ = draw_toy(params)
    assert points.shape == (samples, 2)
    assert labels.shape == (samples,)
    assert np.array_equal(points, again)
    assert np.isfinite(points).all()
    if name in CLASS_TOYS:
        assert set(labels) <= {-1.0, 1.0}
    if name in ("spiral", "gauss", "moons"):
        assert int((labels == 1).sum()) == (samples + 1) // 2


def test_other_seeds_draw_other_points_in_mixed_order():
    first, second = (draw_toy(input_params(dataset="gauss", seed=seed)) for seed in (0, 1))
    assert not np.array_equal(first[0], second[0])
    assert 0 < (first[1][:20] == 1).sum() < 20  # Playground shuffles; without, the first class would come first
