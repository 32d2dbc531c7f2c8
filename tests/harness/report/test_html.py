from __future__ import annotations

from html.parser import HTMLParser

import pytest

from deploy.evidence import Case, Check, Finding, Report
from harness.report import html
from harness.report.html import Gallery
from tests.harness.report.examples import error, good_case, refused_case, report

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)>'{{ 7*7 }}.mp4"""
VOID = {"meta", "img", "br", "source", "rect"}


class Page(HTMLParser):
    """The elements, attributes and text of a page; refuses tags that do not close."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def page(evidence: Report, gallery: Gallery | None = None) -> Page:
    return Page(html.render(evidence, gallery or Gallery()))


@pytest.mark.parametrize(
    ("evidence", "title"),
    [
        (report(), "Passed"),
        (report([good_case(map_50=0.2)]), "Failed"),
        (report([good_case(map_50=None)]), "Inconclusive"),
        (report([]), "Inconclusive"),
    ],
)
def test_the_headline_is_the_verdict_and_the_whole_bundle_digest(evidence: Report, title: str) -> None:
    text = page(evidence).text
    assert f"{title}: rehearsal of {'3f' * 6}" in text
    assert "3f" * 32 in text
    assert evidence.verdict.summary in text


def test_hostile_names_are_text_and_nothing_else() -> None:
    finding = Finding(check="x", severity="error", message=HOSTILE, where=HOSTILE, advice=HOSTILE)
    case = good_case(HOSTILE).model_copy(update={"findings": (finding,)})
    check = Check(name="lints", outcome="failed", summary=HOSTILE, findings=(finding,))
    seen = page(report([case, refused_case(HOSTILE)], checks=(check,), findings=(finding,)))
    assert seen.tags("script") == []
    assert seen.tags("img") == []
    assert seen.text.count(HOSTILE) >= 8
    assert "49.mp4" not in seen.text


def test_a_failed_request_shows_its_status_code_body_and_notification() -> None:
    text = page(report()).text
    assert "HTTP 400" in text
    assert '{"error":{"code":"unreadable_media","message":"not a video"}}' in text
    assert "client error (400)" in text


def test_findings_come_with_their_advice_and_place() -> None:
    case = good_case().model_copy(update={"findings": (error("boxes are shifted", advice="check the time stamps"),)})
    text = page(report([case])).text
    assert text.index("Findings against it") < text.index("boxes are shifted") < text.index("Cases")
    assert "check the time stamps" in text
    assert "frame 5" in text


def test_what_fails_without_a_finding_still_says_why_at_the_top() -> None:
    text = page(report([good_case(map_50=0.2)])).text
    assert text.index("map_50 0.2 (at least 0.9)") < text.index("Case by case")


def test_what_an_answer_warns_of_stands_above_the_cases_of_a_passed_run() -> None:
    warning = Finding(check="answer.warnings", severity="warning", message="1 packet cannot be decoded")
    text = page(report([good_case().model_copy(update={"findings": (warning,)})])).text
    assert text.index("1 packet cannot be decoded") < text.index("Cases")


def test_notes_of_a_passed_run_are_not_lost() -> None:
    note = Finding(check="leftovers", severity="warning", message="a stale process was ended")
    assert "a stale process was ended" in page(report(findings=(note,))).text


def test_every_table_has_headers_and_every_drawing_a_name() -> None:
    seen = page(report())
    assert len(seen.tags("table")) == len(seen.tags("thead"))
    assert {header["scope"] for header in seen.tags("th")} == {"col", "row"}
    for drawing in seen.tags("svg"):
        assert drawing.get("aria-label") or drawing.get("aria-hidden") == "true"


def test_links_lead_to_the_cases_of_the_page() -> None:
    seen = page(report())
    ids = {attributes.get("id") for _, attributes in seen.elements}
    links = [link["href"] for link in seen.tags("a")]
    assert links == ["#case-1", "#case-2"]
    assert {str(link).removeprefix("#") for link in links} <= ids


def test_among_many_cases_only_those_that_did_not_pass_are_unfolded() -> None:
    cases = [good_case(f"clip {number}") for number in range(30)]
    cases[7] = Case(name="lost", kind="user_video", outcome="timed_out")
    unfolded = ["open" in details for details in page(report(cases)).tags("details")]
    assert unfolded == [number == 7 for number in range(30)]


def test_the_page_forbids_itself_scripts_and_the_network() -> None:
    policy = page(report()).tags("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert str(policy["content"]).startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
