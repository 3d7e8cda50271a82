"""What people call the choices of blocks, and where things are that are no blocks.

Other names of a block itself stand with it, as its `keywords`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication

MEANT: Final[Mapping[str, str]] = {
    "xent": "cross entropy",
    "crossentropyloss": "cross entropy",
    "categorical crossentropy": "cross entropy",
    "nllloss": "nll",
    "bceloss": "binary cross entropy",
    "mseloss": "mse",
    "l2 loss": "loss mse",
    "mae": "loss l1",
    "l1loss": "loss l1",
    "smooth l1": "huber",
    "smoothl1": "huber",
    "svm": "hinge",
    "lrelu": "leaky relu",
    "swish": "silu",
    "logistic": "sigmoid",
    "linear activation": "identity",
    "instancenorm": "groupnorm",
    "mha": "attention",
    "multihead attention": "attention",
    "self attention": "attention",
}
"""What is typed, in plain words, to what finds it."""

_OPTIMIZER: Final = frozenset(
    {
        "sgd",
        "adam",
        "adamw",
        "rmsprop",
        "adagrad",
        "adadelta",
        "momentum",
        "nesterov",
        "optimizer",
        "optimiser",
        "optim",
    }
    | {"learning rate", "scheduler", "schedule"}
)
_TRAINING: Final = frozenset({"epoch", "epochs", "seed", "metrics", "accuracy", "batch size", "early stopping"})
_RECURRENT: Final = frozenset({"lstm", "gru", "rnn", "recurrent", "bilstm"})
_EMBEDDING: Final = frozenset({"embedding", "embeddings", "embed", "emb"})


def looked_for(words: Sequence[str]) -> Sequence[str]:
    """The words, or those that find what they mean; `nn.` as in PyTorch's names is left out."""
    if len(words) > 1 and words[0] in ("nn", "torch"):
        words = [word for word in words if word not in ("nn", "torch")]
    found = MEANT.get(" ".join(words))
    return words if found is None else found.split()


def is_elsewhere(words: Sequence[str]) -> bool:
    """Whether they name something that is no block."""
    return bool(_told(" ".join(words)))


def elsewhere(text: str) -> str:
    """Where that is, or what to use instead; "" for words that might be a block's."""
    return _told(" ".join(text.lower().replace("_", " ").split()))


def _told(plain: str) -> str:
    def tr(text: str) -> str:
        return QCoreApplication.translate("Synonyms", text)

    if plain in _OPTIMIZER:
        return tr("No block: the optimizer and its learning rate are set in the inspector while nothing is selected.")
    if plain in _TRAINING:
        return tr("No block: how the network is trained is set in the inspector while nothing is selected.")
    if plain in _RECURRENT:
        return tr("There is no recurrent block. For series and signals, try Conv1d.")
    if plain in _EMBEDDING:
        return tr("There is no block for embeddings of words or classes.")
    return ""
