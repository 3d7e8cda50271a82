"""How numbers are written for people: at most four significant digits; the exact value goes on hover and in copies."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Final

from PySide6.QtCore import QCoreApplication

_PREFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTE_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def format_number(value: float | Integral, digits: int = 4) -> str:
    """`0.04123`, `12.5`, `3e-6`, `1.235e7`; never more than `digits` significant digits, no trailing zeros.

    Integers up to a million are written out. Not finite: `NaN`, `∞`, `-∞`.
    """
    if isinstance(value, Integral):
        value = int(value)
        if abs(value) < 10**6:
            return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    exponent = int(power)
    if -4 <= exponent < max(digits, 6):
        places = max(0, digits - 1 - exponent)
        return _trim(f"{float(f'{value:.{digits - 1}e}'):.{places}f}")
    return f"{_trim(mantissa)}e{exponent}"


def format_exact(value: float) -> str:
    """The shortest text that reads back as the same number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return repr(value)


def format_integer(value: int) -> str:
    """All digits, with commas: `1,234,567`."""
    return f"{value:,}"


def format_count(value: float, digits: int = 3) -> str:
    """`999`, `1.23 k`, `1.23 M`, `412 k`: counts and rates of any size."""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return format_number(value, digits)
    rounded = float(f"{value:.{digits - 1}e}")
    for size, prefix in _PREFIXES:
        if abs(rounded) >= size:
            return f"{format_number(rounded / size, digits)} {prefix}"
    return format_number(int(rounded) if rounded == int(rounded) else rounded, digits)


def format_bytes(size: float) -> str:
    """`512 B`, `1.5 KiB`, `3.62 TiB`."""
    amount = float(size)
    for unit in _BYTE_UNITS[:-1]:
        if abs(amount) < 999.5 or (unit == "B" and abs(amount) < 1024):
            return f"{int(amount) if unit == 'B' else format_number(amount, 3)} {unit}"
        amount /= 1024
    return f"{format_number(amount, 3)} {_BYTE_UNITS[-1]}"


def format_duration(seconds: float) -> str:
    """`350 µs`, `38 ms`, `4.2 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`."""
    if not math.isfinite(seconds):
        return "–" if math.isnan(seconds) else "∞"
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds == 0:
        return "0 s"
    for limit, factor, unit in ((0.9995e-3, 1e6, "µs"), (0.9995, 1e3, "ms"), (9.95, 1, "s")):
        if seconds < limit:
            return f"{format_number(seconds * factor, 2 if unit == 's' else 3)} {unit}"
    whole = round(seconds)
    for size, unit, part, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part:02d} {smaller}"
    return f"{whole} s"


def parse_number(text: str) -> float:
    """A number as a person types it: `1e-3`, `.5`, `1 000`, `−2`, `0,5`.

    Raises:
        ValueError: it is no finite number.
    """
    cleaned = text.strip().replace("−", "-").replace("\u202f", "").replace("\xa0", "").replace(" ", "")
    if "," in cleaned and "." not in cleaned and cleaned.count(",") == 1:
        head, tail = cleaned.split(",")
        # 1,000 is a thousand to some and one to others: asked about, not guessed.
        if len(tail) == 3 and head.strip("+-") not in ("", "0"):
            told = QCoreApplication.translate("Numbers", '"{0}" may mean {1} or {2}; write it without a comma')
            raise ValueError(told.format(text, f"{head}{tail}", f"{head}.{tail}"))
        cleaned = f"{head}.{tail}"
    try:
        value = float(cleaned.replace("_", "?"))  # Python takes 1_000 for a number, people do not write it
    except ValueError:
        raise ValueError(QCoreApplication.translate("Numbers", '"{0}" is no number').format(text)) from None
    if not math.isfinite(value):
        raise ValueError(QCoreApplication.translate("Numbers", '"{0}" is not finite').format(text))
    return value


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
