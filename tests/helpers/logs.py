"""A log record at WARNING or above that a test did not announce fails it; one that it announced must come."""

from __future__ import annotations

import logging
import re
from typing import final


@final
class LogGuard(logging.Handler):
    """Collects records of all loggers from WARNING up, together with what the running test expects of them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._records: list[logging.LogRecord] = []
        self._expected: list[tuple[re.Pattern[str], int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a record; called by `logging` from whatever thread wrote it."""
        self._records.append(record)

    def expect(self, pattern: str, *, level: int = logging.WARNING, logger: str = "") -> None:
        """Announces records whose message contains `pattern` (a regular expression), of this logger and its children.

        At least one has to come before the test ends; any number may.
        """
        self._expected.append((re.compile(pattern), level, logger))

    def verdict(self) -> list[str]:
        """One line for each record that nobody announced and each announcement that stayed without a record."""
        lines = []
        unmet = list(self._expected)
        for record in self._records:
            message = record.getMessage()
            matching = [it for it in self._expected if it[0].search(message) and _fits(record, it[1], it[2])]
            unmet = [it for it in unmet if it not in matching]
            if not matching:
                lines.append(f"unexpected log record {record.levelname} of {record.name!r}: {message}")
        return lines + [f"no log record matched {it[0].pattern!r}" for it in unmet]

    def clear(self) -> None:
        """Forgets everything: the next test begins."""
        self._records.clear()
        self._expected.clear()


def _fits(record: logging.LogRecord, level: int, logger: str) -> bool:
    return record.levelno == level and (not logger or record.name == logger or record.name.startswith(f"{logger}."))
