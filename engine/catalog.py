"""Names of classes and columns, and counts, of the data sets whose content never changes."""

from __future__ import annotations

from engine.dataspec import DataFacts, Field

_BREAST_MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
DIGIT_CLASSES = tuple("0123456789")
FASHION_CLASSES = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
IDX_CLASSES = {"fashion-mnist": FASHION_CLASSES, "mnist": DIGIT_CLASSES}


def _table(samples: int, columns: tuple[str, ...], classes: tuple[str, ...]) -> DataFacts:
    x = Field("x", (len(columns),), columns=columns)
    y = Field("y", (), "int", classes=classes) if classes else Field("y", (1,), columns=("disease progression",))
    return DataFacts((x, y), (samples, 0, 0))


REAL: dict[str, DataFacts] = {
    "iris": _table(
        150,
        ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"),
        ("setosa", "versicolor", "virginica"),
    ),
    "wine": _table(
        178,
        (
            "alcohol",
            "malic_acid",
            "ash",
            "alcalinity_of_ash",
            "magnesium",
            "total_phenols",
            "flavanoids",
            "nonflavanoid_phenols",
            "proanthocyanins",
            "color_intensity",
            "hue",
            "od280/od315_of_diluted_wines",
            "proline",
        ),
        ("class_0", "class_1", "class_2"),
    ),
    "breast_cancer": _table(
        569,
        (
            *(f"mean {name}" for name in _BREAST_MEASURES),
            *(f"{name} error" for name in _BREAST_MEASURES),
            *(f"worst {name}" for name in _BREAST_MEASURES),
        ),
        ("malignant", "benign"),
    ),
    "diabetes": _table(442, ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"), ()),
    "digits": DataFacts(
        (Field("x", (1, 8, 8)), Field("y", (), "int", classes=DIGIT_CLASSES)),
        (1797, 0, 0),
    ),
}
"""scikit-learn's sets before any split."""
