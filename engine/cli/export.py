"""`chainrule export`: PyTorch code or weights."""

from __future__ import annotations

from engine.cli.arguments import Arguments
from engine.cli.weights import with_weights
from engine.session.answers import export


def run(arguments: Arguments) -> int:
    """0, or raises ChainruleError."""
    assert arguments.out is not None
    for path in export(with_weights(arguments.file, arguments.run), arguments.to, arguments.out):
        print(path)
    return 0
