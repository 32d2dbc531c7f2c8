"""Trains the known answer's detector: `python -m harness.samples.train [--into FOLDER]`, a few minutes on two cores.

Owns the training pictures, the schedule and the model specification. May not use the clip that judges the detector.
Training pictures are generated as the clip's are, but from other seeds, and compressed, as decoded video is.
Weights trained on other machines differ in the last digits; the score must hold, and the tests measure it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.models.detection import MaskRCNN

from harness.cases.known_answer import KNOWN_ANSWER, KnownAnswerFiles
from harness.core.top_level import HANDLER
from harness.samples.drawing import Frame, Picture, draw
from harness.samples.scene import LABELS, Casting, place

sys.path.insert(0, str(HANDLER))

from detector.model import SPEC_SCHEMA
from detector.model.maskrcnn import SMALL_FPN, MaskRCNNSpec, build_network

SPEC = MaskRCNNSpec(SMALL_FPN, len(LABELS) + 1, LABELS, min_size=192, max_size=320)
CASTING = Casting(radius_pixels=(13.0, 30.0), frames_present=(1, 1))
FIRST_SEED = 1_000_000


@dataclass(frozen=True)
class Schedule:
    steps: int = 700
    batch_size: int = 4
    peak_learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    seed: int = 7
    threads: int = 2


def training_frame(seed: int) -> Frame:
    """One picture between 240x192 and 320x240 with up to twelve things, as a lossy codec leaves it."""
    dice = random.Random(seed)  # noqa: S311 - reproducible pictures, not a secret
    width, height = dice.randrange(240, 321, 16), dice.randrange(192, 241, 16)
    per_class = dice.choice((1, 1, 2))
    scene = place(seed, width=width, height=height, frame_count=1, per_class=per_class, casting=CASTING)
    kept = tuple(thing for thing in scene.things if dice.random() < 0.7)
    frame = draw(dataclasses.replace(scene, things=kept), 0)
    return Frame(_compress(frame.picture, quality=dice.randint(30, 95)), frame.seen)


def _compress(picture: Picture, *, quality: int) -> Picture:
    """The picture after JPEG with halved colour resolution, whose blocks, ringing and bleeding resemble H.264's."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: Picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return decoded[..., ::-1]


def as_tensor(picture: Picture) -> torch.Tensor:
    """The picture as torchvision's detectors take it: float RGB in 0..1, shape (3, height, width)."""
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float() / 255


def as_target(frame: Frame) -> dict[str, torch.Tensor]:
    height, width = frame.picture.shape[:2]
    masks = np.zeros((len(frame.seen), height, width), dtype=np.uint8)
    for row, seen in enumerate(frame.seen):
        masks[row] = seen.mask
    return {
        "boxes": torch.tensor([seen.box for seen in frame.seen], dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor([seen.thing.label_id for seen in frame.seen], dtype=torch.int64),
        "masks": torch.from_numpy(masks),
    }


def train(schedule: Schedule = Schedule()) -> MaskRCNN:
    """The trained network, in evaluation mode on the CPU. Prints a line every fifty steps."""
    torch.manual_seed(schedule.seed)
    torch.set_num_threads(schedule.threads)
    model = build_network(SPEC).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=schedule.weight_decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, schedule.peak_learning_rate, total_steps=schedule.steps)
    began = time.monotonic()
    for step in range(schedule.steps):
        first = FIRST_SEED + step * schedule.batch_size
        loss = _step(model, optimizer, [training_frame(first + offset) for offset in range(schedule.batch_size)])
        rate.step()
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} of {schedule.steps}, loss {loss:.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return model.eval()


def _step(model: MaskRCNN, optimizer: torch.optim.Optimizer, frames: list[Frame]) -> float:
    losses = model([as_tensor(frame.picture) for frame in frames], [as_target(frame) for frame in frames])
    total = torch.stack(list(losses.values())).sum()
    optimizer.zero_grad()
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return float(total.detach())


def save(model: MaskRCNN, files: KnownAnswerFiles) -> None:
    """Write the weights as a plain float32 state_dict, and the specification from which the network is rebuilt."""
    files.folder.mkdir(parents=True, exist_ok=True)
    torch.save({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, files.weights)
    document = {
        "schema": SPEC_SCHEMA,
        "architecture": SPEC.architecture,
        "num_classes": SPEC.num_classes,
        "labels": {str(index): name for index, name in SPEC.labels.items()},
        "min_size": SPEC.min_size,
        "max_size": SPEC.max_size,
    }
    files.model_spec.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Train the known answer's detector and write model.pth and model.json."
    )
    parser.add_argument("--into", type=Path, default=KNOWN_ANSWER.folder, help="folder to write to")
    parser.add_argument("--steps", type=int, default=Schedule.steps, help="training steps of four pictures")
    parser.add_argument("--threads", type=int, default=Schedule.threads, help="CPU threads")
    arguments = parser.parse_args()
    files = KnownAnswerFiles(arguments.into)
    save(train(Schedule(steps=arguments.steps, threads=arguments.threads)), files)
    print(f"{files.weights}: {files.weights.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
