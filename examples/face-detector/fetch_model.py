"""Fetches packages and weights: `python fetch_model.py`. What is there already is kept.

`deploy vendor` puts MTCNN's package and what that imports into `src/wheels/`, from the package index that pip is set up
for. The package's bounds (torch 2.2, numpy 1, Pillow 10.2) are older than the container, hence `--no-deps`. The weights
of its three networks are in its wheel, and go to `model/`; their sha256 are fixed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MODEL, WHEELS = FOLDER / "model", FOLDER / "src" / "wheels"
PACKAGES = (
    "facenet-pytorch==2.6.0",
    "tqdm==4.67.1",
    "requests==2.34.2",
    "certifi==2026.10.18",
    "charset-normalizer==3.5.2",
    "idna==3.20",
)
WEIGHTS_SHA256 = {
    "pnet.pt": "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    "rnet.pt": "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    "onet.pt": "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
}


def main() -> None:
    if _is_whole():
        print(f"{MODEL} and {WHEELS} are there already")
        return
    command = [sys.executable, "-m", "deploy.cli", "vendor", "--config", str(FOLDER / "rehearsal.toml"), "--no-deps"]
    ran = subprocess.run([*command, *PACKAGES], capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{ran.stderr.strip()}\nWith a network, or PIP_INDEX_URL set, run this again.")
    _take_weights(next(WHEELS.glob("facenet_pytorch-*.whl")))
    kept = [*WHEELS.glob("*.whl"), *MODEL.iterdir()]
    print(f"{MODEL} and {WHEELS}: {sum(path.stat().st_size for path in kept) / 1e6:.1f} MB")


def _is_whole() -> bool:
    weights = [MODEL / name for name in WEIGHTS_SHA256]
    return (FOLDER / "src" / "requirements.txt").is_file() and all(
        path.is_file() and _sha256(path.read_bytes()) == WEIGHTS_SHA256[path.name] for path in weights
    )


def _take_weights(wheel: Path) -> None:
    MODEL.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name, wanted in WEIGHTS_SHA256.items():
            weights = archive.read(f"facenet_pytorch/data/{name}")
            if (found := _sha256(weights)) != wanted:
                sys.exit(f"{wheel.name} holds another {name}: its sha256 is {found}, not {wanted}")
            part = MODEL / f"{name}.part"
            part.write_bytes(weights)
            part.replace(MODEL / name)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
