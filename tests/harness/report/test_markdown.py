from __future__ import annotations

import pytest

from deploy.evidence import Case, Check
from harness.report import markdown
from tests.harness.report.examples import error, good_case, refused_case, report


def test_the_first_line_is_the_verdict() -> None:
    assert markdown.render(report()).startswith("## ✓ Rehearsal passed: 2 of 2 cases as expected\n")


def test_every_row_has_as_many_cells_as_its_head() -> None:
    hostile = good_case("a | b\n| c | `d`")
    checks = (Check(name="lints", outcome="passed", summary="one | two"),)
    lines = markdown.render(report([hostile, refused_case()], checks)).splitlines()
    widths = [line.replace(r"\|", "").count("|") for line in lines if line.startswith("|")]
    assert widths == [8, 8, 8, 8, 5, 5, 5]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<script>", r"\<script\>"),
        ("[here](http://bad.test)", "\\[here\\]\\(http:\u200b//bad.test\\)"),
        ("@team `code` **bold**", r"\@team \`code\` \*\*bold\*\*"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_stays_text(text: str, plain: str) -> None:
    assert markdown.escaped(text) == plain


def test_cases_that_did_not_pass_come_first_and_findings_are_listed() -> None:
    lost = Case(name="lost", kind="user_video", outcome="timed_out", findings=(error("no answer", advice="wait"),))
    text = markdown.render(report([good_case(), lost]))
    assert text.index("lost") < text.index("known answer")
    assert "- **error** lost: no answer \\(frame 5\\) *wait*" in text


def test_many_cases_and_findings_stay_a_summary() -> None:
    cases = [good_case(f"clip {number}", map_50=0.1) for number in range(200)]
    text = markdown.render(report(cases))
    assert "100 more cases are in `report.html`." in text
    assert "- and 170 more in `report.html`" in text
