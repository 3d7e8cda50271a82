"""Each code that the engine gives is documented, and each documented code is given."""

import ast
import re
from pathlib import Path

from engine.codes import CODES

ENGINE = Path(__file__).parents[2] / "engine"
CODE = re.compile(r"[DGT][0-9]{2}|F0[0-9]")
"""F16, F32 and F64 are kinds of numbers."""


def codes_in_use() -> dict[str, str]:
    """Code -> a file whose program text, comments apart, holds it as a string of its own."""
    found: dict[str, str] = {}
    for path in sorted(ENGINE.rglob("*.py")):
        if path.name == "codes.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found[node.value] = str(path)
    return found


def test_every_code_is_documented():
    undocumented = {code: path for code, path in codes_in_use().items() if code not in CODES}
    assert undocumented == {}


def test_every_documented_code_is_given():
    assert set(CODES) - set(codes_in_use()) == set()


def test_a_line_of_documentation_is_a_sentence():
    assert list(CODES) == sorted(CODES)
    for code, text in CODES.items():
        assert re.fullmatch(r"[A-Z].{10,110}\.", text), code
    assert len(set(CODES.values())) == len(CODES)
