"""Takes a batch of prepared pictures through the network up to the boxes: torchvision's way, or all at once.

Owns: the order of the network's parts, and the choice between the two ways (`Forward`). The masks come later, and only
of the detections that are wanted. May not: know where pictures come from, or what becomes of the boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.models.detection.image_list import ImageList

from detector.core.planes import PlaneLayout
from detector.core.settings import Forward, Kernels
from detector.model.maskrcnn import inputs
from detector.model.maskrcnn.batched import suppression
from detector.model.maskrcnn.batched.proposals import Proposing
from detector.model.maskrcnn.batched.selection import Selection, selected
from detector.model.maskrcnn.batched.suppression import Suppress
from detector.speed import kernels
from detector.speed.graphs import Graphed


@dataclass(frozen=True)
class Found:
    """The boxes of a batch and what its masks are made of.

    `rows` is (n, 6) float32 on the host for each picture: box in pixels of the network's input, score and label, the
    best first. `features` are the backbone's maps, on the device until the next batch; `size` is (height, width).
    """

    rows: list[npt.NDArray[np.float32]]
    features: Mapping[str, Tensor]
    size: tuple[int, int]


class Plain:
    """torchvision's way, picture by picture; it waits for the device after every step."""

    plain_batch_count = 0
    """Only what was meant to go another way is counted."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def __call__(self, uploaded: Tensor, planes: PlaneLayout | None = None) -> Found:
        pictures = inputs.computed(uploaded, self._network.transform, planes)
        return self.from_features(pictures, self._network.backbone(pictures.tensors))

    def save_memory(self) -> None:
        """Nothing is kept between batches."""

    def from_features(self, pictures: ImageList, features: Mapping[str, Tensor]) -> Found:
        heads, sizes = self._network.roi_heads, pictures.image_sizes
        # In single precision, because torchvision makes the anchors in the type of the maps.
        proposals, _ = self._network.rpn(pictures, {name: each.float() for name, each in features.items()})
        logits, regression = heads.box_predictor(heads.box_head(heads.box_roi_pool(features, proposals, sizes)))
        boxes, scores, label_ids = heads.postprocess_detections(logits, regression, proposals, sizes)
        columns = [torch.cat(boxes), torch.cat(scores)[:, None], torch.cat(label_ids).to(torch.float32)[:, None]]
        rows = torch.cat(columns, dim=1).cpu().tensor_split(cuts(boxes))
        return Found([each.numpy() for each in rows], features, sizes[0])


@dataclass(frozen=True)
class _Whole:
    """What the device computes of a batch without a wait."""

    pictures: ImageList
    features: Mapping[str, Tensor]
    selection: Selection


class Batched:
    """All pictures at once, with one wait for the device at the end; on CUDA as a graph if `is_graphed`.

    Where the answers might not be torchvision's, the plain way is taken from the features on, and counted.
    """

    def __init__(self, network: Any, *, is_graphed: bool = False, suppress: Suppress = suppression.kept) -> None:
        self._network = network
        self._suppress = suppress
        self._plain = Plain(network)
        self._proposing = Proposing(network.rpn, suppress)
        self._graphed = Graphed(self._computed) if is_graphed else None
        self.plain_batch_count = 0

    def __call__(self, uploaded: Tensor, planes: PlaneLayout | None = None) -> Found:
        compute = self._graphed or self._computed
        whole = compute(uploaded, planes)
        rows, is_settled = _on_host(whole.selection)
        if not is_settled:
            self.plain_batch_count += 1
            return self._plain.from_features(whole.pictures, whole.features)
        found = [each[each[:, 4] >= 0] for each in rows]
        return Found(found, whole.features, whole.pictures.image_sizes[0])

    def save_memory(self) -> None:
        """Keep nothing between batches any more."""
        if self._graphed:
            self._graphed.give_up()

    def _computed(self, uploaded: Tensor, planes: PlaneLayout | None) -> _Whole:
        network, heads = self._network, self._network.roi_heads
        pictures = inputs.computed(uploaded, network.transform, planes)
        features = network.backbone(pictures.tensors)
        maps = list(features.values())
        proposals = self._proposing(pictures, maps, *network.rpn.head(maps))
        pooled = heads.box_roi_pool(features, list(proposals.boxes), pictures.image_sizes)
        logits, regression = heads.box_predictor(heads.box_head(pooled))
        selection = selected(heads, logits, regression, proposals, pictures.image_sizes[0], self._suppress)
        return _Whole(pictures, features, selection)


@dataclass(frozen=True)
class Ways:
    """What the settings say of how a batch goes through the network."""

    forward: Forward = Forward.AUTO
    kernels: Kernels = Kernels.AUTO


def forward_of(network: Any, device: torch.device, ways: Ways) -> Plain | Batched:
    """`auto` is a graph on CUDA, and torchvision's way elsewhere: a CPU has nothing to wait for."""
    asked = ways.forward
    if asked is Forward.AUTO:
        asked = Forward.GRAPH if device.type == "cuda" else Forward.PLAIN
    if asked is Forward.PLAIN:
        return Plain(network)
    has_kernels = ways.kernels is Kernels.AUTO and kernels.are_usable(device)
    suppress = suppression.kept_by_kernels if has_kernels else suppression.kept
    return Batched(network, is_graphed=asked is Forward.GRAPH, suppress=suppress)


def cuts(pictures: Sequence[Tensor | npt.NDArray[Any]]) -> list[int]:
    """The indices between the pictures' rows in one tensor of all rows."""
    return list(accumulate(len(each) for each in pictures))[:-1]


def _on_host(selection: Selection) -> tuple[list[npt.NDArray[np.float32]], bool]:
    """One copy for all: the last row of the table says whether the others are settled."""
    batch = len(selection.rows)
    flag = selection.settled.to(torch.float32).expand(1, selection.rows.shape[-1])
    table = torch.cat([selection.rows.flatten(0, 1), flag]).cpu().numpy()
    return list(table[:-1].reshape(batch, -1, table.shape[-1])), bool(table[-1, 0])
