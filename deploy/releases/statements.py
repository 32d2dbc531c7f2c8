"""Writes a release record as in-toto statements: one for each gate, and a summary, which is also about the record.

Sources: github.com/in-toto/attestation, spec/predicates/svr.md (v0.2: `verifier.policies` is required, and empty when
unknown; `properties` lists what passed, and nothing else); others are named in `deploy.signatures.statement`. Fields
named `rehearsal_*` are extensions, which spec/v1/README.md allows.

The record is signed by its sha256, which is a subject of the summary: so every line of the file is a statement that any
in-toto tool reads, and the record keeps its own bytes and place. The statements are a pure function of the record:
`deploy verify` makes them again and compares bytes. A record of schema `rehearsal.release/1` must therefore give the
same statements in every later version. May not: sign, or call AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from deploy.core.digests import canonical_json
from deploy.releases import GateRecord, Release
from deploy.signatures.statement import TEST_RESULT, descriptor, read, statement

SUMMARY: Final = "https://in-toto.io/attestation/svr/v0.2"
_RESULTS: Final = {"passed": "PASSED", "overridden": "WARNED", "failed": "FAILED", "inconclusive": "FAILED"}
_LISTS: Final = {"PASSED": "passedTests", "WARNED": "warnedTests", "FAILED": "failedTests"}
_ALLOWED = ("passed", "overridden")


@dataclass(frozen=True)
class Recorded:
    """A record and its URL, from which the statements are made."""

    release: Release
    url: str
    sha256: str


def statements(recorded: Recorded) -> tuple[bytes, ...]:
    """The statements in canonical JSON: the gates in the order of the record, then the summary."""
    found = [*(_gate(recorded.release, each) for each in recorded.release.gates), _summary(recorded)]
    return tuple(canonical_json(each).encode("ascii") for each in found)


def name_of(body: bytes) -> str | None:
    """The statement's name, such as `gate runtime` or `summary`; None when it is not one of our statements."""
    said = read(body)
    try:
        if said["predicateType"] == SUMMARY:
            return "summary"
        lists = (said["predicate"][name] for name in _LISTS.values())
        (gate,) = (str(test) for tests in lists for test in tests)
    except (KeyError, TypeError, ValueError):
        return None
    return f"gate {gate}"


def record_sha256(bodies: Sequence[bytes]) -> str | None:
    """The digest of the record that the summary among `bodies` is about."""
    for body in bodies:
        if name_of(body) == "summary":
            subjects = read(body).get("subject")
            try:
                return str(subjects[1]["digest"]["sha256"])
            except (KeyError, TypeError, IndexError):
                return None
    return None


def _gate(release: Release, gate: GateRecord) -> Mapping[str, Any]:
    result = _RESULTS.get(gate.outcome, "FAILED")
    tests = {name: [gate.gate] if key == result else [] for key, name in _LISTS.items()}
    predicate = {
        "result": result,
        "configuration": [_settings(release), *_evidence(release)],
        **tests,
        "rehearsal_outcome": gate.outcome,
        "rehearsal_reason": gate.reason,
    }
    return statement([_bundle(release)], TEST_RESULT, predicate)


def _summary(recorded: Recorded) -> Mapping[str, Any]:
    """An overridden gate did not pass, so it is not a property; the fact that the promotion was allowed is one."""
    release = recorded.release
    policies = [descriptor("rehearsal.toml [gates]", release.policy_sha256)] if release.policy_sha256 else []
    predicate = {
        "verifier": {"id": f"pkg:pypi/sagemaker-rehearsal@{release.tool_version}", "policies": policies},
        "timeCreated": release.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "properties": list(_properties(release)),
    }
    record = descriptor(recorded.url.rpartition("/")[2], recorded.sha256, uri=recorded.url)
    return statement([_bundle(release), record], SUMMARY, predicate)


def _properties(release: Release) -> Iterator[str]:
    outcomes = [gate.outcome for gate in release.gates]
    yield from (f"REHEARSAL_GATE_{gate.gate.upper()}" for gate in release.gates if gate.outcome == "passed")
    if outcomes and all(outcome == "passed" for outcome in outcomes):
        yield "REHEARSAL_EVERY_GATE"
    if outcomes and all(outcome in _ALLOWED for outcome in outcomes):
        yield "REHEARSAL_PROMOTION_ALLOWED"
    if release.state == "promoted":
        yield "REHEARSAL_PROMOTED"


def _bundle(release: Release) -> Mapping[str, Any]:
    return descriptor(release.bundle_url.rpartition("/")[2], release.bundle_sha256, uri=release.bundle_url)


def _settings(release: Release) -> Mapping[str, Any]:
    return descriptor("rehearsal.toml, the settings that decide what runs", release.configuration_sha256)


def _evidence(release: Release) -> Iterator[Mapping[str, Any]]:
    for each in release.evidence:
        facts = {
            "created": each.created.astimezone(UTC).isoformat(),
            "runtime": each.assurance,
            "tool_version": each.tool_version,
        }
        yield descriptor(f"evidence {each.run_id}", each.sha256, mediaType="application/json", annotations=facts)
