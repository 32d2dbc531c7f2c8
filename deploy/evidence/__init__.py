"""Evidence: what a rehearsal proved about one bundle, as a versioned file that gates can judge.

`report.json` (`rehearsal.report/1`) is written by the harness and read by the gates. It says which bundle (by digest)
and which configuration were tried, on what, how, and what came out, case by case. Owns the format and its files; runs
nothing, and judges by no limits but those written in the evidence itself.

    harness: facts, cases, checks -> judge() -> Report -> write()      gate: read() -> Report -> reasons

What is absent was not measured: a gate must treat a missing case, check or metric value as a reason to refuse.
"""

from __future__ import annotations

from deploy.core.redaction import REDACTED, safe_arguments, safe_environment
from deploy.evidence.cases import Case, Check, Failure, Frames, InputFile, Metric, Notification, Timings
from deploy.evidence.circumstances import (
    Endpoint,
    LocalCloud,
    Machine,
    PeakMemory,
    RuntimeUsed,
    Stage,
)
from deploy.evidence.files import parse, read, write
from deploy.evidence.findings import Finding, Severity, passed
from deploy.evidence.measured import as_report, read_any
from deploy.evidence.report import SCHEMA_ID, Report, Verdict, json_schema, judge, reasons_against
from deploy.evidence.subject import Bundle, Configuration, GitState

__all__ = [
    "REDACTED",
    "SCHEMA_ID",
    "Bundle",
    "Case",
    "Check",
    "Configuration",
    "Endpoint",
    "Failure",
    "Finding",
    "Frames",
    "GitState",
    "InputFile",
    "LocalCloud",
    "Machine",
    "Metric",
    "Notification",
    "PeakMemory",
    "Report",
    "RuntimeUsed",
    "Severity",
    "Stage",
    "Timings",
    "Verdict",
    "as_report",
    "json_schema",
    "judge",
    "parse",
    "passed",
    "read",
    "read_any",
    "reasons_against",
    "safe_arguments",
    "safe_environment",
    "write",
]
