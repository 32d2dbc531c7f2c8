"""Trains the detector: `python train.py` writes `checkpoint.pth`, as training scripts do. About a minute on two cores.

A small Faster R-CNN learns the shapes of things: circle, square, triangle. Its backbone comes from the rehearsal's own
Mask R-CNN, which knows six classes; the head for three is new. Kept are the weights as they are at last and averaged
over the steps, both behind the wrappers that they were trained in, and what else a script likes to remember.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from harness.cases.known_answer import KNOWN_ANSWER
from harness.core.top_level import HANDLER
from harness.samples import train as known

sys.path.insert(0, str(HANDLER))

from detector.model import build_network, read_spec

FOLDER = Path(__file__).resolve().parent
SHAPES = 3
FIRST_SEED = 5_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the detector of shapes.")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--out", type=Path, default=FOLDER / "checkpoint.pth")
    arguments = parser.parse_args()
    torch.manual_seed(11)
    network = started_from_known_answer()
    model = torch.nn.DataParallel(network)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    train(model, averaged, arguments)
    checkpoint = {
        "model": model.state_dict(),
        "model_ema": averaged.state_dict(),
        "epoch": 1,
        "args": arguments,
    }
    torch.save(checkpoint, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


def started_from_known_answer() -> torch.nn.Module:
    """The network of model.json with every weight that fits; backbone and RPN stay as they are."""
    network = build_network(read_spec(FOLDER / "model.json"))
    wanted = network.state_dict()
    there = torch.load(KNOWN_ANSWER.weights, map_location="cpu", weights_only=True)
    fitting = {name: each for name, each in there.items() if name in wanted and wanted[name].shape == each.shape}
    network.load_state_dict({**wanted, **fitting})
    for part in (network.backbone, network.rpn):
        part.requires_grad_(False)
    return network.train()


def train(model: torch.nn.Module, averaged: AveragedModel, arguments: argparse.Namespace) -> None:
    changed = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(changed, lr=arguments.learning_rate, weight_decay=1e-4)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, arguments.learning_rate, total_steps=arguments.steps)
    began = time.monotonic()
    for step in range(arguments.steps):
        seeds = range(FIRST_SEED + step * arguments.batch_size, FIRST_SEED + (step + 1) * arguments.batch_size)
        frames = [known.training_frame(seed) for seed in seeds]
        pictures = [known.as_tensor(frame.picture) for frame in frames]
        loss = torch.stack(list(model(pictures, [target(frame) for frame in frames]).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
        averaged.update_parameters(model.module)
        if (step + 1) % 20 == 0:
            seconds = time.monotonic() - began
            print(f"step {step + 1} of {arguments.steps}, loss {loss.item():.3f}, {seconds:.0f} s", file=sys.stderr)


def target(frame: known.Frame) -> dict[str, torch.Tensor]:
    """The boxes with the shape alone as their class: the colours of the six classes are forgotten."""
    whole = known.as_target(frame)
    return {"boxes": whole["boxes"], "labels": (whole["labels"] - 1) % SHAPES + 1}


if __name__ == "__main__":
    main()
