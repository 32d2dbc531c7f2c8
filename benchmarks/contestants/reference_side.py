"""Sets up the contestants of the reference (see `contestants`)."""

from __future__ import annotations

import torch

from benchmarks.contestants import reference
from benchmarks.contestants.contestants import Contestant, Frame, Job, Ran


def set_up(name: str, job: Job) -> Contestant:
    if job.threads is not None:
        torch.set_num_threads(job.threads)
    return _decode(job) if name == "reference-decode" else _whole(job)


def _whole(job: Job) -> Contestant:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    plain = reference.load(job.model_dir, device, job.frame_interval, job.frame_size)

    def run() -> Ran:
        answers = plain.predict(job.clip.read_bytes())
        reference.encoded(answers)
        return Ran(len(answers), tuple(Frame(each.boxes, each.labels, each.scores) for each in answers))

    return run


def _decode(job: Job) -> Contestant:
    """Decodes up to RGB, which is what both sides' networks are given."""

    def run() -> Ran:
        sampled = reference.sampled_frames(job.clip.read_bytes(), job.frame_interval)
        return Ran(sum(1 for picture in sampled if reference.rgb(picture).size))

    return run
