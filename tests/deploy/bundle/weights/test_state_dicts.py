"""A state_dict is told from a pickled program by reading, never by loading."""

from __future__ import annotations

import argparse
import collections
import io
import os
import pickle
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deploy.bundle.weights import check_state_dict
from deploy.core.errors import ConfigurationError


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.target),))


def saved(path: Path, value: object, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


STATE_DICTS: dict[str, Any] = {
    "plain": {"weight": torch.zeros(3, 3)},
    "ordered": nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).state_dict(),
    "half": {"weight": torch.zeros(3, dtype=torch.bfloat16), "mask": torch.zeros(2, dtype=torch.bool)},
    "parameter": {"weight": nn.Parameter(torch.zeros(2))},
    "shared": collections.OrderedDict(a=torch.zeros(4)[:2], b=torch.tensor(3)),
    "sparse": {"weight": torch.eye(3).to_sparse()},
    "quantized": {"weight": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8)},
}


@pytest.mark.parametrize("name", STATE_DICTS)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_state_dict_passes(tmp_path: Path, name: str, zipped: bool, protocol: int) -> None:
    options = {"_use_new_zipfile_serialization": zipped, "pickle_protocol": protocol}
    check_state_dict(saved(tmp_path / "w.pth", STATE_DICTS[name], **options))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickled_model_is_refused_with_the_conversion_to_run(tmp_path: Path, zipped: bool, protocol: int) -> None:
    path = saved(
        tmp_path / "model.pth", nn.Linear(2, 2), _use_new_zipfile_serialization=zipped, pickle_protocol=protocol
    )
    with pytest.raises(ConfigurationError, match=r"pickled object.*torch\.nn\.modules\.linear\.Linear") as caught:
        check_state_dict(path)
    assert "torch.save(torch.load(" in str(caught.value)
    assert "model.state_dict.pth" in str(caught.value)


def test_the_conversion_it_prints_makes_a_file_that_passes(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.pth", nn.Linear(2, 2))
    with pytest.raises(ConfigurationError) as caught:
        check_state_dict(path)
    program = str(caught.value).partition('python -c "')[2].rstrip('"')
    exec(program, {})  # noqa: S102  # it is what the message tells people to run
    check_state_dict(tmp_path / "model.state_dict.pth")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path, zipped: bool, protocol: int) -> None:
    value = {"weight": torch.zeros(2), "note": Bomb(tmp_path / "exploded")}
    path = saved(tmp_path / "w.pth", value, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    with pytest.raises(ConfigurationError, match=r"would import .*mkdir"):
        check_state_dict(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "module", ["torch.hub load", "torch._utils _import_dotted_name", "torch load", "builtins eval"]
)
def test_torchs_own_functions_are_not_all_harmless(tmp_path: Path, module: str) -> None:
    space, name = module.split()
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as made:
        made.writestr("archive/data.pkl", b"\x80\x02c" + space.encode() + b"\n" + name.encode() + b"\n.")
    with pytest.raises(ConfigurationError, match=f"would import {space}.{name}"):
        check_state_dict(tmp_path / "w.pth")


def test_a_name_hidden_behind_the_memo_is_found(tmp_path: Path) -> None:
    hidden = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94000h\x00h\x01\x93."
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as made:
        made.writestr("archive/data.pkl", hidden)
    with pytest.raises(ConfigurationError, match=r"would import os\.system"):
        check_state_dict(tmp_path / "w.pth")


def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "m.pt")  # type: ignore[no-untyped-call]  # torch's own
    with pytest.raises(ConfigurationError, match="TorchScript"):
        check_state_dict(tmp_path / "m.pt")


def zip_of(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"<!doctype html>", "web page"),
        (b"\x10\x00\x00\x00\x00\x00\x00\x00" + b'{"a": 1}', "safetensors"),
        (pickle.dumps({"weight": [1.0]}), "plain pickle"),
        (b"\x1f\x8b\x08\x00", "gzipped"),
        (b"hello", "another format"),
        (zip_of(readme="x"), "zip file that torch.save did not write"),
        (b"PK\x03\x04 cut short", "damaged"),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(ConfigurationError, match=said):
        check_state_dict(tmp_path / "w.pth")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_file_cut_short_is_refused_or_whole_where_it_matters(tmp_path: Path, zipped: bool) -> None:
    whole = saved(tmp_path / "w.pth", {"weight": torch.zeros(8)}, _use_new_zipfile_serialization=zipped).read_bytes()
    for length in range(0, min(len(whole), 120), 7):
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(ConfigurationError):
            check_state_dict(tmp_path / "cut.pth")


WRAPPED: dict[str, tuple[Any, str]] = {
    "model": ({"model": {"weight": torch.zeros(2)}}, "['model']"),
    "a module's": ({"state_dict": nn.Linear(2, 2).state_dict()}, "['state_dict']"),
    "a checkpoint": (
        {"epoch": 3, "optimizer": {"state": {0: {"step": torch.zeros(1)}}}, "model": nn.Linear(2, 2).state_dict()},
        "['model']",
    ),
    "twice": ({"ckpt": {"state_dict": {"weight": torch.zeros(2)}, "seed": 1}}, "['ckpt']['state_dict']"),
    "two": (
        {"teacher": {"weight": torch.zeros(2)}, "net": {"weight": torch.zeros(2)}},
        "['net']; also ['teacher']",
    ),
}


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_checkpoint_that_wraps_a_state_dict_is_refused_with_where_it_lies(
    tmp_path: Path, name: str, zipped: bool, protocol: int
) -> None:
    value, place = WRAPPED[name]
    path = saved(tmp_path / "w.pth", value, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    with pytest.raises(ConfigurationError) as caught:
        check_state_dict(path)
    assert f"whose state_dict lies at {place}: the handler loads" in str(caught.value)


def typed(error: pytest.ExceptionInfo[ConfigurationError]) -> list[list[str]]:
    """The commands that the message says to type, as a shell takes them apart."""
    lines = [line for line in str(error.value).splitlines() if line.startswith("  ")]
    return [shlex.split(line, comments=True) for line in lines]


def run(command: list[str]) -> str:
    """Run it as a user would, in a process of its own."""
    programs = {"deploy": [sys.executable, "-m", "deploy.cli"], "python": [sys.executable]}
    ran = subprocess.run([*programs[command[0]], *command[1:]], capture_output=True, text=True, check=True)
    return ran.stdout


class Ours:
    """A class of the training script: nobody else can import it."""


def trained() -> tuple[nn.Module, dict[str, Any]]:
    """What torchvision's references/detection/train.py saves, with --model-ema as its classification script does."""
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    averaged = torch.optim.swa_utils.AveragedModel(nn.DataParallel(model))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(4, 3)).sum().backward()
    optimizer.step()
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 3).state_dict(),  # type: ignore[no-untyped-call]  # torch's own
        "args": argparse.Namespace(lr=0.02, data_path=Path("/data"), note=Ours()),
        "epoch": 25,
        "model_ema": averaged.state_dict(),
    }
    return model, checkpoint


CHECKPOINTS: dict[str, Callable[[], Any]] = {
    "torchvision's training script": lambda: trained()[1],
    "without averaged weights": lambda: {key: each for key, each in trained()[1].items() if key != "model_ema"},
    "DataParallel": lambda: nn.DataParallel(trained()[0]).state_dict(),
    "torch.compile": lambda: {f"_orig_mod.{name}": each for name, each in trained()[0].state_dict().items()},
    "both": lambda: {f"module._orig_mod.{name}": each for name, each in trained()[0].state_dict().items()},
    "averaged": lambda: torch.optim.swa_utils.AveragedModel(trained()[0]).state_dict(),
    "twice": lambda: {"ckpt": {"state dict": trained()[0].state_dict()}, "epoch": 1},
    "with an object beside the tensors": lambda: {**trained()[0].state_dict(), "args": argparse.Namespace(lr=1)},
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_the_command_it_prints_makes_a_file_that_passes_and_loads(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path / "my ckpt.pth", CHECKPOINTS[name]())
    with pytest.raises(ConfigurationError) as caught:
        check_state_dict(path)
    commands = typed(caught)
    assert commands
    for command in commands:
        run(command)
        made = tmp_path / "my ckpt.state_dict.pth"
        check_state_dict(made)
        network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
        network.load_state_dict(torch.load(made, weights_only=True, mmap=True))
        made.unlink()


def test_a_checkpoint_of_the_training_script_names_both_models(tmp_path: Path) -> None:
    path = saved(tmp_path / "ckpt.pth", trained()[1])
    with pytest.raises(ConfigurationError, match=r"state_dict lies at \['model'\]; also \['model_ema'\]") as caught:
        check_state_dict(path)
    lines = str(caught.value).splitlines()
    assert f"  deploy weights {path} --key model" in lines
    assert f"  deploy weights {path} --key model_ema  # the averaged weights" in lines


def test_a_model_pickled_beside_other_things_is_converted_by_what_it_prints(tmp_path: Path) -> None:
    path = saved(tmp_path / "best.pt", {"epoch": 3, "ema": None, "model": nn.Linear(2, 2), "date": "today"})
    with pytest.raises(ConfigurationError, match="would import ") as caught:
        check_state_dict(path)
    (command,) = typed(caught)
    run(command)
    check_state_dict(tmp_path / "best.state_dict.pth")


@pytest.mark.parametrize("value", [[torch.zeros(2)], torch.zeros(2), {}, {"lr": 0.1}, "text"], ids=repr)
def test_what_holds_no_tensors_by_name_is_no_state_dict(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a state_dict"):
        check_state_dict(saved(tmp_path / "w.pth", value))
