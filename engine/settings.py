"""The training settings of a project as parameters, so that file, inspector and trainer share one description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.frozen import FrozenDict
from engine.param import Bool, Choice, Choices, Device, Float, Int, Param, parse_all
from engine.wording import number_text

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta")
METRICS = ("accuracy", "top5", "mae", "r2")
LIVE = ("lr", "momentum", "weight_decay", "clip_norm", "clip_value", "dropout_off", "fast_forward")
"""What `set_hyper` changes while a training runs; everything else asks for Apply or Restart."""

EPS: Mapping[str, float] = {"adam": 1e-8, "adamw": 1e-8, "rmsprop": 1e-8, "adagrad": 1e-10, "adadelta": 1e-6}
WEIGHT_DECAY: Mapping[str, float] = {name: 1e-2 if name == "adamw" else 0.0 for name in OPTIMIZERS}
"""PyTorch's defaults, which differ between optimizers."""

FRESH = FrozenDict({"optimizer": "adam", "lr": 0.01, "epochs": 100})
"""What a network drawn from nothing begins with: small ones learn with it, which they do not in ten epochs of SGD."""

TRAINING: Mapping[str, Param] = {
    "optimizer": Choice(
        default="sgd",
        options=OPTIMIZERS,
        labels=("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta"),
        doc="How a gradient becomes an update.",
    ),
    "lr": Float(
        default=0.01, above=0.0, log=True, doc="Learning rate: how far one update goes.", label="learning rate"
    ),
    "momentum": Float(
        default=0.0, min=0.0, max=0.9999, when=("optimizer", ("sgd", "rmsprop")), doc="Part of the last update kept."
    ),
    "nesterov": Bool(
        default=False, when=("optimizer", ("sgd",)), doc="Look ahead along the momentum (needs momentum)."
    ),
    "beta1": Float(
        default=0.9, min=0.0, max=0.99999, when=("optimizer", ("adam", "adamw")), doc="Decay of the gradient's mean."
    ),
    "beta2": Float(
        default=0.999, min=0.0, max=0.999999, when=("optimizer", ("adam", "adamw")), doc="Decay of its square's mean."
    ),
    "alpha": Float(
        default=0.99, min=0.0, max=0.99999, when=("optimizer", ("rmsprop",)), doc="Decay of the square's mean."
    ),
    "rho": Float(
        default=0.9, min=0.0, max=0.99999, when=("optimizer", ("adadelta",)), doc="Decay of the squares' means."
    ),
    "eps": Float(
        default=None,
        optional=True,
        above=0.0,
        log=True,
        advanced=True,
        when=("optimizer", ("adam", "adamw", "rmsprop", "adagrad", "adadelta")),
        empty=("optimizer", {name: number_text(value) for name, value in EPS.items()}),
        doc="Added to a denominator; empty is PyTorch's default of the optimizer.",
    ),
    "weight_decay": Float(
        default=None,
        optional=True,
        min=0.0,
        log=True,
        empty=("optimizer", {name: number_text(value) for name, value in WEIGHT_DECAY.items()}),
        doc="Pulls weights towards zero by this factor; empty is PyTorch's default of the optimizer.",
    ),
    "clip_norm": Float(
        default=None,
        optional=True,
        above=0.0,
        empty="no limit",
        doc="Largest norm of the whole gradient; empty: no limit.",
    ),
    "clip_value": Float(
        default=None,
        optional=True,
        above=0.0,
        advanced=True,
        empty="no limit",
        doc="Largest size of one gradient entry; empty: no limit.",
    ),
    "batch_size": Int(default=32, min=1, unit="samples", doc="Samples per update."),
    "epochs": Int(default=10, min=1, doc="Passes over the training data."),
    "shuffle": Bool(default=True, doc="A new order of the samples each epoch."),
    "drop_last": Choice(
        default="auto",
        options=("auto", "true", "false"),
        advanced=True,
        doc="A smaller last batch is dropped; auto: only one of a single sample under batch normalisation.",
    ),
    "seed": Int(default=0, min=0, max=2**63 - 1, doc="The same seed gives the same run."),
    "device": Device(default="auto", doc="Where the training runs; auto: a graphics card, where there is one."),
    "dtype": Choice(
        default="float32",
        options=("float32", "float64"),
        doc="Precision of the numbers: weights, gradients, and what the optimizer keeps.",
        label="numbers",
    ),
    "precision": Choice(
        default="float32",
        options=("float32", "bf16", "fp16"),
        labels=("full", "bf16", "fp16"),
        doc=(
            "bf16 and fp16 compute the heavy operations in 16 bits (autocast): faster, half the memory of activations, "
            "about three digits. Weights and gradients stay in float32; small gradients are scaled for fp16."
        ),
    ),
    "micro_batch": Int(
        default=None,
        optional=True,
        min=1,
        unit="samples",
        empty="whole batch",
        doc=(
            "At most so many samples at once, where memory is short: gradients add up to that of the whole batch "
            "before the update. Only batch normalisation sees the difference (it normalises over fewer samples), and "
            "dropout draws other masks."
        ),
        label="micro-batch",
    ),
    "threads": Int(
        default=None,
        optional=True,
        min=1,
        max=1024,
        empty="as many as help",
        doc=(
            "With how many threads the processor computes; empty: as many as the work of a step is worth on this "
            "machine. The last digits of sums depend on it; a training that is resumed keeps its number."
        ),
    ),
    "schedule": Choice(
        default="constant",
        options=("constant", "step", "cosine", "one_cycle", "plateau"),
        labels=("constant", "step decay", "cosine", "one cycle", "reduce on plateau"),
        doc="How the learning rate changes during the training.",
    ),
    "schedule_step": Int(
        default=10, min=1, unit="epochs", when=("schedule", ("step",)), doc="Epochs between two reductions."
    ),
    "schedule_gamma": Float(
        default=0.1, above=0.0, max=1.0, when=("schedule", ("step", "plateau")), doc="Factor of each reduction."
    ),
    "schedule_patience": Int(
        default=5, min=0, unit="epochs", when=("schedule", ("plateau",)), doc="Epochs without improvement before it."
    ),
    "schedule_min_lr": Float(
        default=0.0, min=0.0, when=("schedule", ("cosine", "plateau")), doc="The learning rate never falls below."
    ),
    "schedule_warm": Float(
        default=0.3, min=0.0, max=1.0, when=("schedule", ("one_cycle",)), doc="Part of the training spent rising."
    ),
    "warmup_steps": Int(
        default=0, min=0, unit="steps", advanced=True, doc="Steps over which the learning rate rises from 0."
    ),
    "early_stopping": Bool(
        default=False, doc="Stop when the monitored value no longer improves; the best weights return."
    ),
    "monitor": Choice(
        default="val_loss",
        options=("val_loss", "loss", "val_accuracy", "accuracy"),
        when=("early_stopping", (True,)),
        doc="The value that has to improve.",
    ),
    "patience": Int(default=10, min=1, unit="epochs", when=("early_stopping", (True,)), doc="Epochs to wait for it."),
    "metrics": Choices(
        default=("auto",),
        options=("auto", *METRICS),
        labels=("automatic", "accuracy", "top-5 accuracy", "mean absolute error", "R²"),
        doc="Measured on training and validation data; automatic: what fits the loss.",
    ),
}
"""Flat names as the inspector edits them; `from_file` and `to_file` translate the nested ones of the file format."""

_SCHEDULE = {
    "schedule": "kind",
    "schedule_step": "step",
    "schedule_gamma": "gamma",
    "schedule_patience": "patience",
    "schedule_min_lr": "min_lr",
    "schedule_warm": "warm",
    "warmup_steps": "warmup_steps",
}
_STOPPING = {"monitor": "monitor", "patience": "patience"}


def from_file(training: Mapping[str, Any]) -> dict[str, Any]:
    """The flat values set in a file's `training` (nested `schedule`, `early_stopping`, `betas` spread out)."""
    flat = {key: value for key, value in training.items() if key not in {"schedule", "early_stopping", "betas"}}
    if isinstance(training.get("drop_last"), bool):
        flat["drop_last"] = "true" if training["drop_last"] else "false"
    schedule = training.get("schedule")
    if isinstance(schedule, Mapping):
        flat |= {name: schedule[key] for name, key in _SCHEDULE.items() if key in schedule}
    elif schedule is not None:
        flat["schedule"] = schedule
    stopping = training.get("early_stopping")
    if isinstance(stopping, Mapping):
        flat["early_stopping"] = True
        flat |= {name: stopping[key] for name, key in _STOPPING.items() if key in stopping}
    elif stopping is not None:
        flat["early_stopping"] = stopping
    betas = training.get("betas")
    if isinstance(betas, list | tuple) and len(betas) == 2:
        flat["beta1"], flat["beta2"] = betas
    elif betas is not None:
        flat["beta1"] = betas
    return flat


def to_file(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `from_file`: nested as the file format has it, only what is given."""
    inner = {*_SCHEDULE, *_STOPPING, "early_stopping", "beta1", "beta2", "drop_last"}
    training: dict[str, Any] = {key: value for key, value in flat.items() if key not in inner}
    if "drop_last" in flat:
        training["drop_last"] = {"true": True, "false": False}.get(flat["drop_last"], flat["drop_last"])
    schedule = {key: flat[name] for name, key in _SCHEDULE.items() if name in flat}
    if schedule:
        training["schedule"] = {"kind": "constant", **schedule}
    if flat.get("early_stopping"):
        training["early_stopping"] = {key: flat[name] for name, key in _STOPPING.items() if name in flat}
    if "beta1" in flat or "beta2" in flat:
        training["betas"] = (flat.get("beta1", 0.9), flat.get("beta2", 0.999))
    return training


def parse(training: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """All settings by flat name with defaults filled in, and the errors as (name, message)."""
    return parse_all(TRAINING, from_file(training))


def unknown_keys(training: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Keys of a file's `training` that mean nothing, as (`schedule.kin`, the keys there are at that place)."""
    known = (*TRAINING, "betas", "objective", "phases")
    found = [(key, known) for key in training if key not in known]
    for place, names in (("schedule", tuple(_SCHEDULE.values())), ("early_stopping", tuple(_STOPPING.values()))):
        inner = training.get(place)
        if isinstance(inner, Mapping):
            found += [
                (f"{place}.{key}", tuple(f"{place}.{name}" for name in names)) for key in inner if key not in names
            ]
    return found
