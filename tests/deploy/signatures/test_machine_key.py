"""This machine's key: made once, by whichever process is first, its owner's alone; and which keys are trusted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.core import settings
from deploy.core.errors import ConfigurationError, DeployError
from deploy.core.settings import Settings
from deploy.signatures.evidence_keys import EvidenceKeys
from deploy.signatures.keygen import keygen
from deploy.signatures.machine_key import machine_public_key, machine_signer

PASSPHRASE = "open sesame"  # noqa: S105  of a key that a test makes
MAKING = """
import sys
from pathlib import Path
from deploy.signatures.machine_key import machine_signer
print(machine_signer(Path(sys.argv[1])).keyid)
"""


def reading(folder: Path, **variables: str) -> Settings:
    return settings.read({"REHEARSAL_MACHINE_KEY": str(folder / "machine-key.pem"), **variables})


def test_it_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "machine-key.pem"
    assert machine_public_key(path) is None
    first = machine_signer(path)
    assert machine_signer(path).keyid == first.keyid
    public = machine_public_key(path)
    assert public is not None
    assert public.fits(first.sign(b"message"), b"message")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_processes_that_make_it_at_once_have_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKING, str(tmp_path / "machine-key.pem")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="REHEARSAL_MACHINE_KEY"):
        machine_signer(tmp_path / "file" / "machine-key.pem")


def test_a_file_that_is_no_key_is_told_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "machine-key.pem"
    path.write_text("something of the user's")
    with pytest.raises(ConfigurationError, match="is no private key in PEM"):
        machine_signer(path)
    assert path.read_text() == "something of the user's"


def test_the_projects_key_signs_where_it_can_be_opened(tmp_path: Path) -> None:
    pair = keygen(tmp_path / "release.pem", PASSPHRASE)
    given = (pair.private, [pair.public])
    opened = EvidenceKeys(*given, reading(tmp_path, REHEARSAL_SIGNING_PASSPHRASE=PASSPHRASE))
    closed = EvidenceKeys(*given, reading(tmp_path))
    assert opened.signer().keyid == pair.keyid
    assert closed.signer().keyid == machine_signer(tmp_path / "machine-key.pem").keyid
    assert pair.keyid in {key.keyid for key in closed.trusted()}


def test_a_key_that_is_kept_elsewhere_leaves_this_machines(tmp_path: Path) -> None:
    keys = EvidenceKeys(tmp_path / "not-here.pem", (), reading(tmp_path))
    assert [key.keyid for key in keys.trusted()] == []
    assert keys.signer().keyid in {key.keyid for key in keys.trusted()}


def test_without_a_setting_it_lies_in_the_users_configuration() -> None:
    assert settings.read({"XDG_CONFIG_HOME": "/conf"}).machine_key == Path("/conf/rehearsal/machine-key.pem")
    assert settings.read({}).machine_key == Path.home() / ".config" / "rehearsal" / "machine-key.pem"
