"""What this program is, and the messages of this run."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, qVersion

from gui.notices import notices
from gui.question import Choice, Question


def _tr(text: str) -> str:
    return QCoreApplication.translate("About", text)


def _version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return _tr("unknown")


def show_about() -> None:
    """Version, licence and what it stands on."""
    lines = [
        _tr("Draw a neural network, watch it learn, and see every number of the chain rule."),
        "",
        _tr("MIT licence. Built on PyTorch {0} and Qt {1}.").format(_version("torch"), qVersion()),
        _tr("Inter and JetBrains Mono: SIL Open Font License. Fashion-MNIST: MIT licence, Zalando SE."),
    ]
    title = f"Chainrule {_version('chainrule')}"
    notices().ask(Question(title, "\n".join(lines), (Choice("close", _tr("Close"), "primary"),), "close"))


def show_messages() -> None:
    """Everything that was said in this run, newest first."""
    history = notices().history
    text = "\n\n".join(f"{notice.time.astimezone():%H:%M:%S}  {notice.text}" for notice in reversed(history))
    question = Question(
        _tr("Messages so far"),
        _tr("Nothing was said yet.") if not history else "",
        (Choice("close", _tr("Close"), "primary"),),
        "close",
        details=text,
    )
    notices().ask(question)
