"""ARCHITECTURE.md names the modules there are, all of them and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## Modules of the engine")[2].partition("\n## ")[0]
TREE = sorted((ROOT / "engine").rglob("*.py"))
MODULES = {path.stem for path in TREE if path.parent.name != "blocks" and not path.stem.startswith("__")}
FOLDERS = {path.parent.name for path in TREE if path.parent.name != "engine"}


def test_every_module_of_the_engine_is_in_the_table():
    named = set(re.findall(r"`(?:\w+/)*(\w+)/?`", SECTION))
    assert MODULES - named == set(), "add them to ARCHITECTURE.md, in one line"
    assert FOLDERS - named == set()


def test_the_table_names_nothing_that_is_gone():
    in_tables = {
        name
        for line in SECTION.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert in_tables - MODULES == set()
