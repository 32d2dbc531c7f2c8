"""docs/emulator.md agrees with the tests: 74 checks, each with tests of its number, each deviation with its reason."""

from __future__ import annotations

import re
from pathlib import Path

from harness.emulator.context.settings import EmulatorSettings

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (\w+) \| (yes|no|-) \| (.*?) ?\|$", DOCUMENT, re.MULTILINE)


def test_the_table_has_every_check_in_order() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 75))


def test_every_check_is_a_test_of_its_number() -> None:
    source = "".join(path.read_text() for path in (ROOT / "tests" / "e2e" / "conformance").glob("test_*.py"))
    tested = {int(number) for number in re.findall(r"def test_check_(\d\d)_", source)}
    assert tested == set(range(1, 75))


def test_every_deviation_says_why() -> None:
    assert [row[0] for row in ROWS if row[2] != "yes" and not row[4]] == []


def test_the_settings_it_names_exist() -> None:
    named = set(re.findall(r"EmulatorSettings\.(\w+)", DOCUMENT))
    assert named
    assert named <= set(EmulatorSettings.__dataclass_fields__)
