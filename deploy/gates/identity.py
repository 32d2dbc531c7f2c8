"""Judges what the evidence is: about this bundle, with these settings, fresh, from a good enough runtime, decoded by
the libraries that will decode.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deploy.gates import wording
from deploy.gates.evidence import MAKE_EVIDENCE, Evidence
from deploy.gates.judged import GateInput, Judged, unless

_ASSURANCE = ("process", "compatible", "official")
SIGN_EVIDENCE = (
    f"{MAKE_EVIDENCE} on this machine, or name the public half of the key that signs elsewhere in release.public_keys"
)
_CLOCK_SKEW = timedelta(minutes=5)


def evidence(gate_input: GateInput) -> Judged | None:
    return None if gate_input.evidence else Judged("failed", f"there is none: {MAKE_EVIDENCE}")


def signature(gate_input: GateInput) -> Judged | None:
    """On AWS a trusted key stands for all of it; on a local target none of it was edited after it was signed."""
    if gate_input.target_is_local:
        complaints = [
            f"{each.path} is {edited}" for each in gate_input.evidence if (edited := each.attestation.edited())
        ]
        return unless(complaints, "none was edited; signatures are not demanded of a local target")
    complaints = [
        f"{each.path} is {complaint}: {SIGN_EVIDENCE}"
        for each in gate_input.evidence
        if (complaint := each.attestation.complaint(gate_input.trusted))
    ]
    return unless(complaints, "signed where it was made, and not edited since")


def bundle(gate_input: GateInput) -> Judged:
    wanted = gate_input.bundle.sha256
    complaints = [
        f"{each.path} is about bundle {each.report.bundle.sha256[:12]}, not {wanted[:12]}: {MAKE_EVIDENCE}"
        for each in gate_input.evidence
        if each.report.bundle.sha256 != wanted
    ]
    return unless(complaints, f"all evidence is about {wanted[:12]}")


def configuration(gate_input: GateInput) -> Judged:
    wanted = gate_input.project.digest()
    complaints = [
        f"{each.path} was made with other settings than {gate_input.project.path} has now "
        f"({each.report.configuration.sha256[:12]}, not {wanted[:12]}): {MAKE_EVIDENCE}"
        for each in gate_input.evidence
        if each.report.configuration.sha256 != wanted
    ]
    return unless(complaints, f"settings {wanted[:12]}")


def freshness(gate_input: GateInput) -> Judged:
    limit = gate_input.project.gates.max_age_hours
    ages = [gate_input.now - each.report.created for each in gate_input.evidence]
    complaints = [
        complaint
        for each, age in zip(gate_input.evidence, ages, strict=True)
        for complaint in _complaints_of_age(each, age, limit)
    ]
    oldest = max([timedelta(0), *ages])
    return unless(complaints, f"{wording.age(oldest)} old, allowed are {limit:g} h")


def _complaints_of_age(found: Evidence, age: timedelta, limit_hours: float) -> Iterator[str]:
    if age > timedelta(hours=limit_hours):
        yield f"{found.path} is {wording.age(age)} old, allowed are {limit_hours:g} h: {MAKE_EVIDENCE}"
    elif age < -_CLOCK_SKEW:
        yield f"{found.path} was made {wording.age(-age)} in the future: correct the clock of one machine"


def runtime(gate_input: GateInput) -> Judged:
    wanted = "process" if gate_input.target_is_local else gate_input.project.gates.runtime
    demanded = f"demanded is {wording.RUNTIMES[wanted]}"
    complaints = [
        f"{each.path} ran on the {each.report.runtime.assurance} runtime, {demanded}"
        for each in gate_input.evidence
        if _ASSURANCE.index(each.report.runtime.assurance) < _ASSURANCE.index(wanted)
    ]
    ran = ", ".join(dict.fromkeys(_ran_on(each) for each in gate_input.evidence))
    return unless(complaints, f"{ran}, {demanded}")


def _ran_on(found: Evidence) -> str:
    used = found.report.runtime
    return f"{used.assurance} ({used.stack})" if used.stack else used.assurance


def decoders(gate_input: GateInput) -> Judged | None:
    """The decoding libraries are those of the image and the archive; without an account of them there is no gate.

    The image's are those of the evidence that comes nearest to it: all other evidence must name the same. A local
    target may serve without the archive's PyAV, where this machine's Python has no use for its wheel.
    """
    told = [each for each in gate_input.evidence if each.report.runtime.decoders]
    if not told:
        return None
    nearest = max(told, key=lambda each: _ASSURANCE.index(each.report.runtime.assurance))
    complaints = [*_silent(gate_input), *(each for found in told for each in _unlike(found, nearest))]
    if not gate_input.target_is_local:
        complaints += [each for found in told for each in _not_by_the_archive(found, gate_input)]
    return unless(complaints, _served_by(nearest))


def _silent(gate_input: GateInput) -> Iterator[str]:
    for each in gate_input.evidence:
        if not each.report.runtime.decoders:
            yield f"{each.path} does not say what decoded, other evidence does: {MAKE_EVIDENCE}"


def _unlike(found: Evidence, nearest: Evidence) -> Iterator[str]:
    here, there = found.report.runtime.decoders, nearest.report.runtime.decoders
    names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    if names:
        differences = ", ".join(f"{name} {here.get(name, 'none')}, not {there.get(name, 'none')}" for name in names)
        yield f"{found.path} was decoded by other libraries than {nearest.path}: {differences}"


def _not_by_the_archive(found: Evidence, gate_input: GateInput) -> Iterator[str]:
    carried, used = gate_input.bundle.manifest.packages.get("av"), found.report.runtime.decoders.get("pyav")
    if carried is not None and used != carried:
        served = f"PyAV {used}" if used else "OpenCV"
        yield f"{found.path}: {served} read the video, the archive carries PyAV {carried}: {MAKE_EVIDENCE}"


def _served_by(nearest: Evidence) -> str:
    runtime = nearest.report.runtime
    named = ", ".join(f"{name} {runtime.decoders[name]}" for name in ("pyav", "opencv") if name in runtime.decoders)
    seen = "" if runtime.assurance == "official" else "; those of the official image were not seen"
    return f"{named} on the {runtime.assurance} runtime{seen}"
