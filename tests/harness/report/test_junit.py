from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from deploy.evidence import Case, Check, Report
from harness.report import junit
from tests.harness.report.examples import error, good_case, refused_case, report


def suite(evidence: Report) -> ET.Element:
    root = ET.fromstring(junit.render(evidence))  # noqa: S314  # written a line ago, by us
    found = root.find("testsuite")
    assert found is not None
    return found


def test_every_case_and_check_is_a_test_case_and_the_counts_match() -> None:
    cases = [
        good_case(),
        good_case("worse", map_50=0.1),
        refused_case(),
        Case(name="recovery", kind="recovery", outcome="not_run"),
    ]
    checks = (Check(name="lints", outcome="passed"), Check(name="chaos", outcome="skipped", summary="not asked for"))
    found = suite(report(cases, checks))
    assert [case.get("name") for case in found.iter("testcase")] == [
        "known answer",
        "worse",
        "notes.mp4",
        "recovery",
        "lints",
        "chaos",
        "the run itself",
    ]
    assert {name: found.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    for tag, name in [("failure", "failures"), ("error", "errors"), ("skipped", "skipped")]:
        assert str(len(list(found.iter(tag)))) == found.get(name)


def test_a_failure_carries_its_findings_and_advice() -> None:
    case = good_case(map_50=0.2).model_copy(update={"findings": (error("boxes are shifted", advice="check the pts"),)})
    (failure,) = suite(report([case])).iter("failure")
    assert failure.get("message") == "boxes are shifted"
    assert "error: boxes are shifted | frame 5 | check the pts" in str(failure.text)
    assert "map_50: 0.2 (at least 0.9)" in str(failure.text)


def test_a_failure_without_findings_says_what_was_off() -> None:
    (failure,) = suite(report([good_case(map_50=0.2)])).iter("failure")
    assert failure.get("message") == "map_50 0.2 (at least 0.9)"


def test_a_run_that_failed_by_itself_is_not_green() -> None:
    (failure,) = suite(report(findings=(error("a process was left behind"),))).iter("failure")
    assert failure.get("message") == "a process was left behind"


def test_a_run_without_cases_is_an_error() -> None:
    found = suite(report([]))
    assert found.get("errors") == "1"
    assert [one.get("message") for one in found.iter("error")] == ["no case was run"]


def test_the_bundle_digest_is_a_property() -> None:
    properties = {one.get("name"): one.get("value") for one in suite(report()).iter("property")}
    assert properties["bundle.sha256"] == "3f" * 32
    assert properties["verdict"] == "passed"


@pytest.mark.parametrize("name", ["<a & 'b' \"c\">", "null \x00 bell \x07 escape \x1b[31m", "\ufffe\uffff 🚲 é", "]]>"])
def test_any_name_gives_well_formed_xml(name: str) -> None:
    case = good_case(name, map_50=0.1).model_copy(update={"findings": (error(name),)})
    readable = "".join(sign if sign.isprintable() and sign not in "\ufffe\uffff" else "\ufffd" for sign in name)
    assert next(suite(report([case])).iter("testcase")).get("name") == readable
