"""One case of a run: its request, its outcome, its judgement and its times; or why there is none.

A request that cannot be sent is a result of its case. An endpoint that will never answer is an error of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from deploy.async_client import Completed, Outcome, Request
from deploy.evidence import Finding
from harness.cases import Case, Demands
from harness.core.errors import ConfigurationError
from harness.core.progress import Progress
from harness.goldens import NotOfKindError
from harness.local_environment.clients import Sender
from harness.observations.phases import phases_of
from harness.rehearsal import judging, recording
from harness.rehearsal.answered import Source
from harness.rehearsal.judging import Judged
from harness.rehearsal.planning import Planned


@dataclass(frozen=True)
class Sending:
    sagemaker_url: str
    demands: Demands
    source: Source
    progress: Progress

    def send(self, planned: Planned, sender: Sender, *, keeps_answer: bool = False) -> Judged:
        """`keeps_answer` also of a case without a golden.

        Raises HarnessError when the model cannot load, AwsRefused when the endpoint takes no requests.
        """
        with self.progress.stage(planned.case.name) as stage:
            judged = self._judged(planned, sender, keeps_answer or planned.golden is not None)
            judged = replace(judged, record=judged.record.model_copy(update={"served_by": planned.served_by}))
            stage.ok = judged.record.judgement == "passed"
            stage.result = judging.summary(judged.record)
            return judged

    def _judged(self, planned: Planned, sender: Sender, keeps_answer: bool) -> Judged:
        case, started = planned.case, datetime.now(UTC)
        request = Request(
            case.clip.path, case.clip.content_type, accept=case.asked_accept, attributes=case.custom_attributes
        )
        try:
            outcome = sender.send(request)
        except ConfigurationError as error:  # the file itself cannot be sent in this mode
            return Judged(recording.not_run(case, Finding(check="outcome", severity="error", message=str(error))))
        judged = judging.judge(case, outcome, self.demands, started, planned.golden)
        judged = self._with_answer(judged, case, outcome) if keeps_answer else judged
        phases = phases_of(self.sagemaker_url, {outcome.submitted.inference_id})
        return judged.timed(phases[0].seconds) if phases else judged

    def _with_answer(self, judged: Judged, case: Case, outcome: Outcome) -> Judged:
        if not isinstance(outcome, Completed):
            return judged
        try:
            return replace(judged, answer=self.source.golden(case, outcome))
        except NotOfKindError as error:
            return replace(judged, unfit=str(error))
