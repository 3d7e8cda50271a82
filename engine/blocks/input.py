"""The Input block: one data set, one output port per field of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port
from engine.dataspec import DataFacts
from engine.param import Array, Bool, Choice, Float, Int, Names, Param, Shape, Size, Text
from engine.recipe import Formula, GradContext, Recipe
from engine.shapes import times
from engine.tensorspec import TensorSpec
from engine.wording import number_text, plural

CLASS_TOYS = ("circle", "xor", "gauss", "spiral", "moons", "checkerboard")
VALUE_TOYS = ("reg-plane", "reg-gauss")
TOYS = CLASS_TOYS + VALUE_TOYS
REAL_TABLES = ("iris", "wine", "breast_cancer", "diabetes", "digits")
IDX_SETS = ("fashion-mnist", "mnist")
FILES = ("csv", "npz", "images", "shards")
STREAMED = ("npz", "images", "shards")
"""Data sets that may stay on disk and be read as the training goes."""
DATASETS = (*TOYS, "function", *REAL_TABLES, *IDX_SETS, "inline", *FILES, "random")

TOY_FEATURES = ("x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)")
"""What the editor offers for toy sets; any formula in x1 and x2 is taken, for `function` any formula in x."""

_LABELS = {
    "circle": "Circle",
    "xor": "XOR",
    "gauss": "Gaussian",
    "spiral": "Spiral",
    "moons": "Moons",
    "checkerboard": "Checkerboard",
    "reg-plane": "Plane (regression)",
    "reg-gauss": "Six hills (regression)",
    "function": "Function of x",
    "iris": "Iris",
    "wine": "Wine",
    "breast_cancer": "Breast cancer",
    "diabetes": "Diabetes",
    "digits": "Digits 8×8",
    "fashion-mnist": "Fashion-MNIST",
    "mnist": "MNIST",
    "inline": "Typed in by hand",
    "csv": "Table (CSV file)",
    "npz": "Arrays (NPZ or NPY file)",
    "images": "Folder of images",
    "shards": "Shards (TAR files)",
    "random": "Random numbers",
}
_REAL_SIZES = {"iris": "150 flowers", "wine": "178 wines", "breast_cancer": "569 samples", "diabetes": "442 patients"}
_GENERATED = (*TOYS, "function")
_DRAWN = (*_GENERATED, "random")
_LONGEST_NAME = 24
"""Letters of a file's name that a block has room for."""
_DATA_PATTERN = "Data files (*.csv *.tsv *.txt *.npz *.npy *.tar)"


def _array(doc: str, *, advanced: bool = False) -> Array:
    return Array(when=("dataset", ("inline",)), advanced=advanced, doc=doc)


_SOURCE: dict[str, Param] = {
    "dataset": Choice(
        default="spiral",
        options=DATASETS,
        labels=tuple(_LABELS[name] for name in DATASETS),
        doc="Where the data come from.",
    ),
    "x": _array("The inputs, one row a sample."),
    "y": _array("The targets, one row a sample; a flat list of whole numbers from 0 means classes."),
    "x_val": _array(
        "Inputs of the validation data; without them a part of the training data is held out.", advanced=True
    ),
    "y_val": _array("Targets of the validation data.", advanced=True),
    "x_test": _array("Inputs of the test data.", advanced=True),
    "y_test": _array("Targets of the test data.", advanced=True),
    "samples": Int(
        default=500, min=2, max=100_000, unit="points", when=("dataset", _DRAWN), doc="How many points are drawn."
    ),
    "shape": Shape(
        default=(2,),
        min=1,
        when=("dataset", ("random",)),
        doc="The shape of one sample. The numbers stand in for data that are not chosen yet: normal, without targets.",
    ),
    "noise": Float(
        default=0.0,
        min=0.0,
        max=10.0,
        when=("dataset", _GENERATED),
        doc="Two-dimensional sets: 0 to 0.5, as in TensorFlow Playground. Function: standard deviation added to y.",
    ),
    "expression": Text(
        default="sin(x)",
        offers=("2*x + 1", "x^2", "sin(x)", "sin(3*x) + x/2", "exp(-x^2)"),
        when=("dataset", ("function",)),
        doc="y as a formula in x, with + - * / ^, sin, cos, exp, log, sqrt, abs, tanh, sigmoid, min, max, pi, e.",
    ),
    "range": Array(default=(-3.0, 3.0), when=("dataset", ("function",)), doc="Smallest and largest x."),
    "folder": Text(
        default="",
        path="folder",
        when=("dataset", IDX_SETS),
        doc="The folder with the IDX files (train-images-idx3-ubyte.gz, …). Fashion-MNIST needs none.",
    ),
    "source": Choice(
        default="auto",
        options=("auto", "sample", "full"),
        labels=("full set where found, else the sample", "bundled sample (12,000 images)", "full set (70,000 images)"),
        when=("dataset", ("fashion-mnist",)),
        doc="Which Fashion-MNIST: the full set, or the sample of it that comes with the app.",
    ),
    "path": Text(
        default="",
        path="any",
        pattern=_DATA_PATTERN,
        when=("dataset", FILES),
        doc="The file, or for images the folder with one folder a class, or for shards a folder of TAR files or a "
        "pattern such as data-{000000..000012}.tar; relative to the graph's own file.",
    ),
    "features": Names(
        default=(),
        offers=TOY_FEATURES,
        offers_when=("dataset", TOYS),
        implied=("x1", "x2"),
        when=("dataset", (*_GENERATED, "csv", "npz")),
        doc="What x is made of: formulas in x1 and x2 (or x), or columns of the file. Empty: the points themselves, "
        "or every column but the target.",
    ),
    "target": Text(
        default="",
        when=("dataset", ("csv", "npz")),
        empty=("dataset", {"csv": "the last column", "npz": "y"}),
        doc="The column (or array) to predict. Empty: the last column of a table, the array y of an NPZ file.",
    ),
    "target_type": Choice(
        default="auto",
        options=("auto", "classes", "numbers"),
        labels=("automatic", "classes", "numbers"),
        when=("dataset", ("inline", "csv", "npz", "shards")),
        doc="Whether the target names classes (cross entropy) or is a quantity (mean squared error).",
    ),
    "missing": Choice(
        default="refuse",
        options=("refuse", "drop", "mean"),
        labels=("not allowed", "leave the row out", "column's mean"),
        when=("dataset", ("csv",)),
        doc="What becomes of cells that are empty, or say NA or ?. The mean is that of the training part; a row whose "
        "target is missing is left out then, too.",
    ),
    "decimal": Choice(
        default="point",
        options=("point", "comma"),
        labels=("point: 1.5", "comma: 1,5"),
        when=("dataset", ("csv",)),
        doc="How the file writes its numbers.",
    ),
    "labels": Choice(
        default="pm1",
        options=("pm1", "01"),
        labels=("−1 and 1", "0 and 1"),
        when=("dataset", CLASS_TOYS),
        doc="The two targets: −1 and 1 (tanh, as in Playground) or 0 and 1 (sigmoid).",
    ),
    "size": Size(
        default=None,
        dims=2,
        min=1,
        max=1024,
        optional=True,
        when=("dataset", ("images", "shards")),
        doc="Resize every image to this height and width; empty: all images must have one size.",
    ),
    "color": Choice(
        default="auto",
        options=("auto", "gray", "rgb"),
        labels=("as the files", "gray", "colour"),
        when=("dataset", ("images", "shards")),
        doc="One channel or three.",
    ),
    "memory": Choice(
        default="auto",
        options=("auto", "preload", "stream"),
        labels=("automatic", "held in memory", "streamed from disk"),
        when=("dataset", STREAMED),
        advanced=True,
        doc="Where the inputs are while training. Streamed, they stay on disk and are read ahead of the training, with "
        "the same results. Automatic: streamed when they would take more than a quarter of the free memory.",
    ),
    "seed": Int(default=0, min=0, max=2**31 - 1, when=("dataset", _DRAWN), doc="Draws other points."),
}


def auto_fraction(dataset: str) -> float:
    """The part held out for validation where `val_fraction` is not set."""
    if dataset == "inline":
        return 0.0
    if dataset in TOYS:
        return 0.5
    return 0.1 if dataset in IDX_SETS else 0.2


_PREPARATION: dict[str, Param] = {
    "val_fraction": Float(
        default=None,
        min=0.0,
        max=0.95,
        optional=True,
        empty=("dataset", {name: number_text(auto_fraction(name)) for name in DATASETS}),
        doc="Part held out to watch the training. Empty: none of inline data, half of the two-dimensional sets, "
        "a tenth of MNIST, a fifth of the others.",
    ),
    "test_fraction": Float(
        default=None,
        min=0.0,
        max=0.95,
        optional=True,
        empty="none",
        doc="Part held out for the final judgement. Data that bring a test part keep theirs. Empty: none.",
    ),
    "split_seed": Int(default=0, min=0, max=2**31 - 1, advanced=True, doc="Holds out other samples."),
    "stratify": Bool(default=True, advanced=True, doc="Every part gets the classes in the same proportions."),
    "standardize": Bool(
        default=False, doc="Scale each input to mean 0 and standard deviation 1, as measured on the training part."
    ),
    "one_hot": Bool(default=False, doc="Classes as rows of zeros with a single one, not as numbers."),
}

_UNIFORM = r"\varepsilon \sim \mathcal{U}(-1, 1)"
_DATA_FORMULAS: dict[str, tuple[str, ...]] = {
    "circle": (r"y = 1 \;\mathrm{inside\ radius}\; 2.5,\; -1 \;\mathrm{outside}",),
    "xor": (r"y = \mathrm{sign}(x_1 x_2)",),
    "gauss": (r"x \sim \mathcal{N}(2y, \sigma^2), \quad y = \pm 1, \quad \sigma^2 = 0.5 + 7\,\mathrm{noise}",),
    "spiral": (
        r"x = r\,(\sin t, \cos t) + \mathrm{noise} \cdot \varepsilon, \quad " + _UNIFORM,
        r"r = 5\,\frac{i}{n}, \quad t = 3.5\,\pi\,\frac{i}{n} \;\; (+\,\pi \;\mathrm{where}\; y = -1)",
    ),
    "moons": (r"x = 3\,(\cos t, \sin t) \pm (1.5, 0.75) + 3\,\mathrm{noise} \cdot \varepsilon",),
    "checkerboard": (r"y = (-1)^{\lfloor x_1 / 3 \rfloor + \lfloor x_2 / 3 \rfloor}",),
    "reg-plane": (r"y = \frac{x_1 + x_2}{10}",),
    "reg-gauss": (
        r"y = \pm \max(0,\; 1 - \frac{1}{2} \Vert x - c_k \Vert)",
        r"c_k \;\mathrm{the\ nearest\ of}\; (\pm 4, \pm 2.5),\; (0, \pm 2.5)",
    ),
    "random": (r"x \sim \mathcal{N}(0, 1)",),
    "function": (r"y = f(x) + \mathrm{noise} \cdot \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, 1)",),
}


@final
class Input(Block):
    """Feeds the network with the samples of one data set; its values are handed in, so it has no calls."""

    kind = "Input"
    category = "data"
    doc = "The data: inputs x and targets y, batch by batch."
    icon = "input"
    params: ClassVar[Mapping[str, Param]] = {**_SOURCE, **_PREPARATION}
    beginner = True
    keywords = ("data", "dataset", "source", "x", "y", "features", "labels", "csv", "images", "mnist")

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return ()

    def outputs(self, params: Mapping[str, Any], facts: DataFacts | None = None) -> tuple[Port, ...]:
        """`x` and `y` until the facts are known; then one port a field."""
        if facts is None:
            return (_port("x"), _port("y"))
        return tuple(_port(field.name) for field in facts.fields)

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        """The fields' specs; `{}` while the facts are unknown."""
        return {} if context.facts is None else {field.name: field.spec for field in context.facts.fields}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe()

    def formula(self, params: Mapping[str, Any]) -> Formula:
        forward = _DATA_FORMULAS.get(params["dataset"], (r"x, y \;\mathrm{as\ in\ the\ data}",))
        symbols = [("x", "inputs, one row a sample"), ("y", "targets")]
        if params["dataset"] in TOYS:
            symbols += [("x_1, x_2", "coordinates of a point")]
        if params["dataset"] in ("spiral", "moons", "function"):
            symbols += [(r"\varepsilon", "a random number, drawn for each coordinate")]
        if params["standardize"]:
            forward += (r"x' = \frac{x - \mu}{\sigma}",)
            symbols += [(r"\mu, \sigma", "mean and standard deviation of each input over the training part")]
        if params["one_hot"]:
            forward += (r"y'_k = 1 \;\mathrm{if}\; y = k \;\mathrm{else}\; 0",)
            symbols += [("k", "number of the class")]
        return Formula(
            forward=forward,
            backward=(r"\mathrm{none:\ data\ are\ not\ trained}",),
            symbols=tuple(symbols),
            source=_source(params["dataset"]),
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        return {}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        dataset = params["dataset"]
        named = dataset in FILES and dataset != "images" and params["path"]  # such a name tells what it is
        return " · ".join(part for part in ("" if named else _LABELS[dataset], _detail(dataset, params)) if part)

    def data_summary(self, params: Mapping[str, Any], facts: DataFacts) -> str:
        summary = self.summary(params, {})
        if facts.streamed:
            return f"{summary} · streamed"
        if facts.left_out or facts.filled:
            notes = (
                f"{plural(facts.left_out, 'row')} left out" if facts.left_out else "",
                f"{plural(facts.filled, 'cell')} filled" if facts.filled else "",
            )
            file = _detail(params["dataset"], params)  # alone: the notes shall fit into the block
            return " · ".join((file, *filter(None, notes)))
        if params["dataset"] not in IDX_SETS or _detail(params["dataset"], params):
            return summary
        return f"{summary} · {plural(facts.counts[0] + facts.counts[1], 'image')}"


def _port(name: str) -> Port:
    target = name == "y"
    return Port(name, "target" if target else "value", "The targets." if target else "The inputs.")


def _detail(dataset: str, params: Mapping[str, Any]) -> str:
    if dataset in TOYS:
        return plural(params["samples"], "point") + (f" · noise {params['noise']:g}" if params["noise"] else "")
    if dataset == "function":
        return f"y = {params['expression']}"
    if dataset == "inline":
        rows = len(params["x"] or ())
        return plural(rows, "sample")
    if dataset in FILES:
        name = params["path"].rstrip("/").rpartition("/")[2]
        return _shortened(name) or f"no {'folder' if dataset == 'images' else 'file'} yet"
    if dataset == "fashion-mnist":
        return {"sample": "10,000 images", "full": "60,000 images"}.get(params["source"], "")
    if dataset == "random":
        return times(params["shape"])
    return _REAL_SIZES.get(dataset, "1,797 images" if dataset == "digits" else "")


def _shortened(name: str) -> str:
    """A name that fits into a block, with its beginning and its end."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:12]}…{name[-11:]}"


def _source(dataset: str) -> str:
    if dataset in ("moons", "digits", *REAL_TABLES):
        return "scikit-learn, sklearn.datasets"
    if dataset in TOYS and dataset != "checkerboard":
        return "TensorFlow Playground, dataset.ts"
    return {
        "fashion-mnist": "Xiao, Rasul, Vollgraf: Fashion-MNIST, arXiv:1708.07747",
        "mnist": "LeCun, Cortes, Burges: The MNIST database of handwritten digits",
    }.get(dataset, "")
