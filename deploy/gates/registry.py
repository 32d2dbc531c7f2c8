"""Lists every gate in a row of its own, in the order in which they run. docs/deploying.md lists them for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from deploy.gates import identity, limits, rehearsed
from deploy.gates.judged import GateInput, Judged

REQUIRED_CHECK = "each required check"


@dataclass(frozen=True)
class Gate:
    name: str
    """The name in overrides and release records."""
    opens_when: str
    judge: Callable[[GateInput], Judged | None]
    """It returns None when the gate does not apply."""
    settings: tuple[str, ...] = ()
    """The keys of [gates] that set its demands."""
    may_be_overridden: bool = True
    fixed_on_aws: bool = False
    """Whether it may be overridden on a local target alone."""
    needs_evidence: bool = True

    def asked(self, _: GateInput) -> Iterator[Gate]:
        yield self


@dataclass(frozen=True)
class EachRequiredCheck(Gate):
    """A gate for every check that the project demands, with the name of the check."""

    def asked(self, gate_input: GateInput) -> Iterator[Gate]:
        for name in rehearsed.demanded_checks(gate_input):
            yield Gate(name, f"check {name} ran and passed", partial(rehearsed.check, name), self.settings)


def _named_by_the_project(_: GateInput) -> None:
    return None


GATES: tuple[Gate, ...] = (
    Gate("evidence", "there is some", identity.evidence, needs_evidence=False, fixed_on_aws=True),
    Gate("signature", "it is signed by a trusted key, and not edited since", identity.signature, fixed_on_aws=True),
    Gate("bundle", "all of it is about this bundle, by sha256", identity.bundle),
    Gate("configuration", "it was made with the settings of now, by digest", identity.configuration),
    Gate("freshness", "none is older than that, or from the future", identity.freshness, ("max_age_hours",)),
    Gate("runtime", "it ran in the container that is demanded, or a better one", identity.runtime, ("runtime",)),
    Gate("decoders", "the libraries of image and archive decoded, in all of it", identity.decoders),
    Gate("verdict", "every case came out as expected, and no check failed or stayed open", rehearsed.verdict),
    Gate("known_answer", "the objects of the known clip were found", rehearsed.known_answer, ("min_map50",)),
    Gate(
        "cases",
        "every case of the project passed, and without a known answer there are enough",
        rehearsed.cases,
        ("min_cases",),
    ),
    EachRequiredCheck(REQUIRED_CHECK, "it ran and passed", _named_by_the_project, ("required_checks",)),
    Gate("throughput", "the benchmark was as fast", limits.throughput, ("min_frames_per_second",)),
    Gate("p95", "the benchmark's requests were answered in time", limits.p95, ("max_p95_seconds",)),
    Gate("memory", "the highest peak of the host holds it", limits.memory, ("max_memory_bytes",)),
    Gate("gpu_memory", "the highest peak of the GPU holds it", limits.gpu_memory, ("max_gpu_memory_bytes",)),
)


def asked(gate_input: GateInput) -> Iterator[Gate]:
    """The gates for this project and target; without evidence only those that need none."""
    for row in GATES:
        if gate_input.evidence or not row.needs_evidence:
            yield from row.asked(gate_input)
