"""A state_dict is taken out of a checkpoint without torch, and without running anything of the checkpoint."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deploy.bundle.weights.checkpoints import convert
from deploy.core.errors import ConfigurationError


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.target),))


def saved(path: Path, value: object, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


def loaded(path: Path, *, mmap: bool = True) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True, mmap=mmap)
    return state


TENSORS: dict[str, torch.Tensor] = {
    "float": torch.randn(3, 5),
    "half": torch.randn(3, dtype=torch.float16),
    "bfloat": torch.randn(3).bfloat16(),
    "long": torch.tensor(7),
    "bool": torch.tensor([True, False]),
    "transposed": torch.randn(4, 2).t(),
    "view": torch.randn(100)[10:20:3],
    "empty": torch.zeros(0, 3),
    "parameter": nn.Parameter(torch.randn(2)),
    "channels last": torch.randn(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
}


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_tensor_is_the_one_of_the_checkpoint(tmp_path: Path, protocol: int, mmap: bool) -> None:
    path = saved(tmp_path / "c.pth", {"model": TENSORS, "epoch": 3}, pickle_protocol=protocol)
    made = convert(path, None, tmp_path / "w.pth")
    state = loaded(made.path, mmap=mmap)
    assert (made.key, made.tensors, made.prefix) == ("model", len(TENSORS), "")
    assert list(state) == list(TENSORS)
    for name, tensor in TENSORS.items():
        assert (state[name].dtype, state[name].stride()) == (tensor.dtype, tensor.stride())
        assert torch.equal(state[name], tensor), name


def test_tensors_that_share_their_bytes_go_on_sharing_them(tmp_path: Path) -> None:
    shared = torch.randn(1000)
    path = saved(tmp_path / "c.pth", {"model": {"a": shared, "b": shared, "c": shared[:10]}})
    state = loaded(convert(path, None, tmp_path / "w.pth").path)
    assert state["a"].untyped_storage().data_ptr() == state["c"].untyped_storage().data_ptr()
    assert (tmp_path / "w.pth").stat().st_size < 2 * shared.nbytes


def test_only_the_wanted_bytes_are_copied_and_they_lie_as_torch_lays_them(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.pth", {"model": {"a": torch.randn(10)}, "optimizer": {"m": torch.randn(100_000)}})
    made = convert(path, "model", tmp_path / "w.pth").path
    assert made.stat().st_size < 3000
    with zipfile.ZipFile(made) as archive, made.open("rb") as file:
        for info in archive.infolist():
            if "/data/" in info.filename:
                file.seek(info.header_offset + 26)
                name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
                assert (info.header_offset + 30 + name + extra) % 64 == 0


@pytest.mark.parametrize("place", [("model", "note"), ("note",)])
def test_nothing_of_the_checkpoint_is_run(tmp_path: Path, place: tuple[str, ...]) -> None:
    bomb: Any = Bomb(tmp_path / "exploded")
    for key in reversed(place):
        bomb = {key: bomb}
    value = {**bomb, "model": {**bomb.get("model", {}), "w": torch.zeros(2)}}
    made = convert(saved(tmp_path / "c.pth", value), "model", tmp_path / "w.pth")
    assert list(loaded(made.path)) == ["w"]
    assert not (tmp_path / "exploded").exists()


def test_neither_torch_nor_a_class_of_the_checkpoint_is_imported(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.pth", {"model": nn.Linear(2, 2).state_dict(), "whole": nn.Linear(2, 2)})
    code = (
        "import sys; from pathlib import Path; from deploy.bundle.weights.checkpoints import convert; "
        f"convert(Path({str(path)!r}), None, Path({str(tmp_path / 'w.pth')!r})); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert list(loaded(tmp_path / "w.pth")) == ["weight", "bias"]


def test_several_state_dicts_are_chosen_from_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.pth", {"a": {"w": torch.zeros(1)}, "b": {"c": {"w": torch.ones(1)}}})
    with pytest.raises(ConfigurationError, match=r"several state_dicts: choose one with --key \(a, b\.c\)"):
        convert(path, None, tmp_path / "w.pth")
    with pytest.raises(ConfigurationError, match=r"no state_dict at 'b.d'; did you mean b.c\?; it has a, b\.c"):
        convert(path, "b.d", tmp_path / "w.pth")
    assert not (tmp_path / "w.pth").exists()
    assert loaded(convert(path, "b.c", tmp_path / "w.pth").path)["w"].item() == 1


def test_what_cannot_be_converted_says_why(tmp_path: Path) -> None:
    cases = {
        "an old one": saved(tmp_path / "old.pth", {"a": {"w": torch.zeros(1)}}, _use_new_zipfile_serialization=False),
        "no tensors": saved(tmp_path / "none.pth", {"epoch": 3}),
        "a whole model": saved(tmp_path / "whole.pth", nn.Linear(2, 2)),
        "missing": tmp_path / "gone.pth",
        "a folder": tmp_path,
        "plain": saved(tmp_path / "plain.pth", {"w": torch.zeros(1)}),
        "damaged": tmp_path / "damaged.pth",
    }
    with zipfile.ZipFile(cases["damaged"], "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q")
    said = {
        "an old one": r"no file of torch.save since 1.6.*\n  python -c ",
        "no tensors": "holds no state_dict: save one with",
        "a whole model": "holds no state_dict: save one with",
        "missing": "does not exist",
        "a folder": "cannot be read",
        "plain": "has no state_dict at 'model'; the file itself is one: leave out --key",
        "damaged": "is damaged",
    }
    for name, path in cases.items():
        with pytest.raises(ConfigurationError, match=said[name]):
            convert(path, "model", tmp_path / "out.pth")
    with pytest.raises(ConfigurationError, match="name another file"):
        convert(cases["plain"], None, cases["plain"])


def test_a_torchscript_program_is_called_one(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "m.pt")  # type: ignore[no-untyped-call]  # torch's own
    with pytest.raises(ConfigurationError, match="TorchScript program"):
        convert(tmp_path / "m.pt", None, tmp_path / "out.pth")
