"""What all parameters share, and the checks that several of them make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.wording import number_text


class ParamError(ValueError):
    """A value that a parameter does not take."""


@dataclass(frozen=True, kw_only=True)
class Param(ABC):
    """What all parameters share.

    Attributes:
        doc: one sentence of help.
        unit: shown behind the value: `px`, `samples`, `σ`.
        when: show only while another parameter has one of these values: `("function", ("leaky_relu",))`.
        label: display name; the key with spaces where empty.
        advanced: shown under "More" in the inspector.
        empty: what it means to leave an optional parameter empty, in a word or a number; or the name of another
            parameter with what it means beside each of that one's values, "" for those not named.
    """

    doc: str
    unit: str = ""
    when: tuple[str, tuple[Any, ...]] | None = None
    label: str = ""
    advanced: bool = False
    empty: str | tuple[str, Mapping[Any, str]] = ""

    @property
    @abstractmethod
    def start(self) -> Any:
        """The default value."""

    @abstractmethod
    def parse(self, value: Any) -> Any:
        """The value as blocks use it. Raises ParamError."""

    def visible(self, params: Mapping[str, Any]) -> bool:
        """Whether the parameter means anything beside these values of its siblings."""
        return self.when is None or params.get(self.when[0]) in self.when[1]

    def emptied(self, params: Mapping[str, Any]) -> str:
        """What it means to leave the parameter empty beside these values of its siblings."""
        if isinstance(self.empty, str):
            return self.empty
        sibling, words = self.empty
        value = params.get(sibling)
        return words.get(value, words.get("", ""))


def whole(value: Any) -> int | None:
    """A whole number, also when it is written 3.0; None for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def check_range(value: float, low: float | None, high: float | None) -> None:
    """Raise ParamError when the value is out of range; None means no bound."""
    if low is not None and value < low:
        raise ParamError(f"must be at least {number_text(low)} but is {number_text(value)}")
    if high is not None and value > high:
        raise ParamError(f"must be at most {number_text(high)} but is {number_text(value)}")


def check_text(text: str) -> None:
    """Raise ParamError when no file and no file name could hold the text."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ParamError("holds characters that are not text")
