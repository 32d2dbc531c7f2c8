"""Constants are made once, forgotten in order, and held by who asks for all; on a CPU nothing is captured."""

from __future__ import annotations

import torch

from detector.speed.graphs import Graphed, Kept, constant


def test_a_constant_is_made_once_for_each_key() -> None:
    made: list[int] = []

    @constant(2)
    def doubled(number: int) -> int:
        made.append(number)
        return 2 * number

    assert [doubled(each) for each in (1, 1, 2, 1, 3, 1, 2)] == [2, 2, 4, 2, 6, 2, 4]
    assert made == [1, 2, 3, 2]  # 2 was the least recently asked for when 3 came


def test_everything_holds_what_is_forgotten_later() -> None:
    kept: Kept[torch.Tensor] = Kept(1)
    first = kept.get("first", lambda: torch.ones(3))
    held = Kept.everything()
    kept.get("second", lambda: torch.zeros(3))
    assert any(each is first for each in held)
    assert not any(each is first for each in Kept.everything())


def test_on_a_cpu_every_call_computes() -> None:
    calls: list[object] = []

    def compute(given: torch.Tensor, known: object) -> torch.Tensor:
        calls.append(known)
        return given + 1

    graphed: Graphed[torch.Tensor] = Graphed(compute)
    for known in ("a", "a", "b"):
        assert torch.equal(graphed(torch.ones(2), known), torch.full((2,), 2.0))
    assert calls == ["a", "a", "b"]
