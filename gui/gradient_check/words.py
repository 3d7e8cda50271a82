"""A gradient check in words, as text and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QCoreApplication

from engine.stepevents import GradientReport, ParameterCheck
from engine.wording import index_text
from gui.format import format_exact, format_integer, format_number
from gui.panel import Table

HEADER = (
    "parameter", "shape", "checked", "size", "wrong", "largest_relative_error",
    "index", "difference", "uncertainty", "autograd", "formula", "relative_error", "which_is_wrong",
)  # fmt: skip


def _tr(text: str) -> str:
    return QCoreApplication.translate("GradientCheck", text)


def shape_words(part: ParameterCheck) -> str:
    """`8 × 2`."""
    return " × ".join(str(size) for size in part.shape) or "1"


def which(part: ParameterCheck) -> set[str]:
    """What is wrong in it: `autograd`, `formula`, both, or nothing."""
    found = {entry.wrong for entry in part.worst} - {""}
    return {"autograd", "formula"} if "both" in found else found


def blame(names: set[str]) -> str:
    """Who is wrong: PyTorch's gradient, or that of the block's own formula."""
    if names == {"autograd", "formula"}:
        return _tr("both wrong")
    return _tr("autograd wrong") if names == {"autograd"} else _tr("formula wrong")


def verdict(part: ParameterCheck) -> str:
    """`right`, or who is wrong, in how many numbers."""
    if not part.wrong:
        return _tr("right")
    return _tr("{0} in {1} of {2}").format(blame(which(part)), format_integer(part.wrong), format_integer(part.checked))


def summary(report: GradientReport, *, cancelled: bool) -> str:
    """The whole check as a sentence."""
    if not report.checked:
        return _tr("Given up before a number was checked.")
    checked = format_integer(report.checked)
    bound = format_number(report.tolerance, 2)
    if report.wrong:
        text = _tr("{0} of {1} gradients are wrong: they differ by more than {2} from the differences.").format(
            format_integer(report.wrong), checked, bound
        )
    else:
        text = _tr("All {0} gradients are right: the largest relative error is {1}, allowed is {2}.").format(
            checked, format_number(report.error, 2), bound
        )
    if cancelled and report.checked < report.total:
        text += " " + _tr("Given up after {0} of {1}.").format(checked, format_integer(report.total))
    return text


def as_text(report: GradientReport, *, cancelled: bool) -> str:
    """To be pasted into a mail or an issue."""
    lines = [summary(report, cancelled=cancelled), _tr("loss {0}").format(format_exact(report.loss)), ""]
    for part in report.parameters:
        lines.append(
            f"{part.parameter} ({shape_words(part)}): {verdict(part)}; "
            + _tr("{0} of {1} checked, largest relative error {2}").format(
                part.checked, part.size, format_number(part.error, 3)
            )
        )
        said = _tr("difference {0}, autograd {1}, formula {2}")
        for entry in part.worst if part.wrong else ():
            numbers = (format_exact(number) for number in (entry.difference, entry.autograd, entry.formula))
            lines += [f"  {index_text(entry.index)}  {said.format(*numbers)}"]
    return "\n".join(lines)


def as_table(report: GradientReport) -> Table:
    """A row for each of the worst numbers of each parameter, with full precision."""
    return list(HEADER), list(_rows(report))


def _rows(report: GradientReport) -> Iterator[Sequence[object]]:
    for part in report.parameters:
        head = (part.parameter, "x".join(map(str, part.shape)), part.checked, part.size, part.wrong, part.error)
        for entry in part.worst:
            place = " ".join(str(index + 1) for index in entry.index)
            numbers = (entry.difference, entry.unsure, entry.autograd, entry.formula, entry.error, entry.wrong)
            yield (*head, place, *numbers)
