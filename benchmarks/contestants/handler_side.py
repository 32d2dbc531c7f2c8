"""Sets up the contestants of the handler (see `contestants`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.contestants.contestants import Contestant, Frame, Job, Ran
from detector import pipeline  # first: it keeps what is not needed out of the start

# isort: split
from benchmarks.contestants import skips
from detector.core import frames
from detector.core.detections import FrameDetections
from detector.core.predictor import Predictor
from detector.core.settings import Settings, from_environment
from detector.io import media
from detector.speed import allocator
from detector.speed.pictures import pinned


def set_up(name: str, job: Job) -> Contestant:
    return _SET_UPS[name](job)


def service_of(job: Job) -> pipeline.Service:
    return pipeline.load(job.model_dir, settings_of(job))


def settings_of(job: Job) -> Settings:
    """The handler's settings, which keep everything that the network reports, as the reference does."""
    width, height = job.frame_size or ("", "")
    asked = {"FRAME_INTERVAL": job.frame_interval, "FRAME_WIDTH": width, "FRAME_HEIGHT": height, "SCORE_THRESHOLD": 0}
    return from_environment({**{name: str(value) for name, value in asked.items()}, **job.environment})


def _whole(job: Job) -> Contestant:
    """Runs `pipeline.respond` itself, which writes the answer as for a client, and notes the detections in it."""
    service = service_of(job)
    noted = _Noting(service.predictor)
    listening = replace(service, predictor=noted)

    def run() -> Ran:
        noted.seen.clear()
        pipeline.respond(listening, pipeline.Request(job.clip.read_bytes(), "video/mp4"))
        answer = tuple(Frame(each.boxes, each.label_ids, each.scores) for each in noted.seen)
        return Ran(len(answer), answer)

    return run


@dataclass
class _Noting:
    inner: Predictor
    seen: list[FrameDetections] = field(default_factory=list)

    @property
    def plain_batch_count(self) -> int:
        return self.inner.plain_batch_count

    def detect(self, batch: frames.FrameBatch, *, score_threshold: float, with_masks: bool) -> list[FrameDetections]:
        found = self.inner.detect(batch, score_threshold=score_threshold, with_masks=with_masks)
        self.seen += found
        return found


def _decode(job: Job) -> Contestant:
    """Decodes up to batches in RGB, in memory that is kept, as in a worker whose network runs on the CPU."""
    allocator.keep_freed_memory()

    def run() -> Ran:
        body = job.clip.read_bytes()
        with skips.noted() as noted, media.open_clip(body, "video/mp4", job.frame_interval) as clip:
            frame_count = sum(len(batch.pixels) for batch in frames.batches(clip, 1, None, None))
        return Ran(frame_count, skipped_to_count=noted.frame_count, why_not_skipped=noted.given_up_because)

    return run


def _forward(job: Job) -> Contestant:
    service, batch = service_of(job), first_batch(job)

    def run() -> Ran:
        service.predictor.detect(batch, score_threshold=0.0, with_masks=False)
        return Ran(len(batch.frame_indices))

    return run


def first_batch(job: Job) -> frames.FrameBatch:
    settings, size = settings_of(job), service_batch_size(job)
    device = pipeline.chosen_device(None)
    as_planes = pipeline.is_prepared_on_device(settings.prepared, device)
    with media.open_clip(job.clip.read_bytes(), "video/mp4", job.frame_interval, as_planes=as_planes) as clip:
        allocate = pinned.allocator(device)
        return next(frames.batches(clip, size, settings.frame_width, settings.frame_height, allocate))


def service_batch_size(job: Job) -> int:
    return settings_of(job).batch_size or pipeline.default_batch_size(pipeline.chosen_device(None))


_SET_UPS: Mapping[str, Callable[[Job], Contestant]] = {
    "handler": _whole,
    "handler-decode": _decode,
    "handler-forward": _forward,
}
