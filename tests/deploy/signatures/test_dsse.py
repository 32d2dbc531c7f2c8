"""Keys and envelopes: what is signed is what the specification says, and nothing of it can change unseen."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy import config
from deploy.cli.session import Session
from deploy.cli.session.target import Options
from deploy.config.sections import ProjectFile
from deploy.core.errors import ConfigurationError, DeployError
from deploy.core.settings import read
from deploy.signatures import keys
from deploy.signatures.dsse import Envelope, complaint, opened, pre_authentication_encoding, seal
from deploy.signatures.keygen import keygen
from deploy.signatures.keys import Signer
from tests.deploy.keyrings import KEYS, Ring, private_pem, public_pem

ROOT = Path(__file__).parents[3]
BODY = b'{"_type":"https://in-toto.io/Statement/v1"}'


def test_what_is_signed_is_what_dsse_prescribes() -> None:
    """The example of the specification, protocol.md."""
    encoded = pre_authentication_encoding(b"hello world", "http://example.com/HelloWorld")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_the_signature_of_the_specification_is_accepted(tmp_path: Path) -> None:
    """protocol.md gives r and s side by side; everybody who signs with OpenSSL, as we do, writes them in DER."""
    x = 46950820868899156662930047687818585632848591499744589407958293238635476079160
    y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    given = base64.b64decode("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")
    der = encode_dss_signature(int.from_bytes(given[:32]), int.from_bytes(given[32:]))
    (tmp_path / "k.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    message = pre_authentication_encoding(b"hello world", "http://example.com/HelloWorld")
    assert keys.public_key(tmp_path / "k.pub").fits(der, message)


@pytest.mark.parametrize("kind", KEYS)
def test_what_one_half_signed_the_other_accepts(ring: Ring, kind: str) -> None:
    signer, trusted = ring.pair(kind)
    envelope = seal(BODY, signer)
    assert envelope.body == BODY
    assert complaint(envelope, (trusted,)) == ""
    assert opened(envelope.line) == envelope


def test_an_envelope_has_the_fields_of_dsse(ring: Ring) -> None:
    signer, _ = ring.pair("ed25519")
    written = json.loads(seal(BODY, signer).line)
    assert written["payloadType"] == "application/vnd.in-toto+json"
    assert base64.b64decode(written["payload"]) == BODY
    (signature,) = written["signatures"]
    assert signature["keyid"] == signer.keyid
    assert len(base64.b64decode(signature["sig"])) == 64


def test_without_a_key_an_envelope_says_that_nobody_signed(ring: Ring) -> None:
    _, trusted = ring.pair("ed25519")
    envelope = seal(BODY, None)
    assert json.loads(envelope.line)["signatures"] == []
    assert complaint(envelope, (trusted,)) == "not signed"


def test_another_key_is_not_trusted(ring: Ring) -> None:
    (signer, _), (_, other) = ring.pair("ed25519"), ring.pair("p256")
    assert "none of release.public_keys" in complaint(seal(BODY, signer), (other,))


def test_a_key_that_borrows_the_id_of_a_trusted_one_is_found_out(ring: Ring) -> None:
    _, trusted = ring.pair("ed25519")
    thief, _ = ring.pair("p256")
    forged = seal(BODY, Signer(trusted.keyid, thief._key))
    assert complaint(forged, (trusted,)) == f"not what key {trusted.keyid[:12]} signed"


def test_a_second_signature_by_a_stranger_spoils_the_envelope(ring: Ring) -> None:
    (signer, trusted), (stranger, _) = ring.pair("ed25519"), ring.pair("p256")
    both = (*seal(BODY, signer).signatures, *seal(BODY, stranger).signatures)
    envelope = Envelope(payload=seal(BODY, None).payload, signatures=both)
    assert "none of release.public_keys" in complaint(envelope, (trusted,))


@pytest.mark.parametrize("kind", KEYS)
@settings(deadline=None)
@given(data=st.data())
def test_no_byte_of_a_signed_envelope_can_change_unseen(kind: str, data: st.DataObject) -> None:
    ring = Ring.shared()
    _, trusted = ring.pair(kind)
    line = bytearray(ring.sealed(kind, BODY).line)
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    found = opened(bytes(line))
    assert found is None or complaint(found, (trusted,))


@settings(deadline=None)
@given(line=st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_none(line: bytes) -> None:
    found = opened(line)
    assert found is None or found.line == line


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        (b'":', b'": '),
        (b'"signatures"', b'"signature"'),
        (b"vnd.in-toto+json", b"json"),
        (b'"payload":"ey', b'"payload":"ey\\n'),
        (b'"keyid":"', b'"keyid":5,"'),
    ],
)
def test_an_envelope_spelled_otherwise_is_damaged(ring: Ring, written: bytes, changed: bytes) -> None:
    line = seal(BODY, ring.pair("ed25519")[0]).line
    assert opened(line) is not None
    assert written in line
    assert opened(line.replace(written, changed)) is None


def test_json_that_is_too_deep_to_read_is_no_envelope() -> None:
    assert opened(b"[" * 100_000) is None


def test_a_key_that_was_made_signs_and_is_for_its_owner_only(tmp_path: Path) -> None:
    made = keygen(tmp_path / "secrets" / "release.pem", None)
    assert made.private.stat().st_mode & 0o777 == 0o600
    signer, trusted = keys.signer(made.private, None), keys.public_key(made.public)
    assert signer.keyid == trusted.keyid == made.keyid
    assert complaint(seal(BODY, signer), (trusted,)) == ""


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    made = keygen(tmp_path / "k", None)
    before = made.private.read_bytes()
    with pytest.raises(ConfigurationError, match=r"k exists, and a key that is overwritten is lost"):
        keygen(tmp_path / "k", None)
    made.private.unlink()
    with pytest.raises(ConfigurationError, match=r"k\.pub exists"):
        keygen(tmp_path / "k", None)
    assert not made.private.exists()
    assert before


def test_a_place_where_no_file_can_be_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="could not be written"):
        keygen(tmp_path / "file" / "k", None)


def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path) -> None:
    made = keygen(tmp_path / "k", "open sesame")
    assert made.encrypted
    assert keys.signer(made.private, "open sesame").keyid == made.keyid
    with pytest.raises(ConfigurationError, match="is encrypted: set REHEARSAL_SIGNING_PASSPHRASE"):
        keys.signer(made.private, None)
    with pytest.raises(ConfigurationError, match="REHEARSAL_SIGNING_PASSPHRASE does not open it") as caught:
        keys.signer(made.private, "guess")
    assert "guess" not in str(caught.value)


def test_a_passphrase_for_another_key_does_not_hinder(tmp_path: Path) -> None:
    made = keygen(tmp_path / "k", None)
    assert keys.signer(made.private, "for something else").keyid == made.keyid


def test_what_is_no_private_key_is_said_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "k"
    with pytest.raises(ConfigurationError, match=r"named by release\.signing_key, cannot be read: No such file"):
        keys.signer(path, None)
    path.write_text("top secret")
    with pytest.raises(ConfigurationError, match=r"is no private key in PEM.*deploy keygen") as caught:
        keys.signer(path, None)
    assert "top secret" not in str(caught.value)
    for other in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        path.write_bytes(private_pem(other))
        with pytest.raises(ConfigurationError, match="holds a key of another kind"):
            keys.signer(path, None)


def test_what_is_no_public_key_is_said(tmp_path: Path) -> None:
    path = tmp_path / "k.pub"
    with pytest.raises(ConfigurationError, match=r"named by release\.public_keys, cannot be read"):
        keys.public_key(path)
    path.write_text("nothing")
    with pytest.raises(ConfigurationError, match="is no public key in PEM"):
        keys.public_key(path)
    path.write_bytes(private_pem(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(ConfigurationError, match=r"is a private key: release\.public_keys names public halves"):
        keys.public_key(path)
    path.write_bytes(public_pem(ec.generate_private_key(ec.SECP384R1())))
    with pytest.raises(ConfigurationError, match="holds a key of another kind"):
        keys.public_key(path)


def test_no_key_shows_itself(ring: Ring) -> None:
    signer, trusted = ring.pair("ed25519")
    assert repr(signer) == f"Signer(keyid='{signer.keyid}')"
    assert "_key" not in repr(trusted)


def test_who_trusts_keys_must_sign_with_one_of_them(ring: Ring) -> None:
    (signer, trusted), (_, other) = ring.pair("ed25519"), ring.pair("p256")
    keys.require_trusted(None, ())
    keys.require_trusted(signer, ())
    keys.require_trusted(signer, (other, trusted))
    with pytest.raises(ConfigurationError, match=r"release\.signing_key is missing"):
        keys.require_trusted(None, (trusted,))
    with pytest.raises(ConfigurationError, match=rf"release\.signing_key is {signer.keyid[:12]}"):
        keys.require_trusted(signer, (other,))


def project(folder: Path, release: str) -> config.Project:
    (folder / "rehearsal.toml").write_text(f'[project]\nname = "demo"\n{release}')
    return config.load(folder / "rehearsal.toml")


def test_keys_are_named_relative_to_the_project_file(tmp_path: Path) -> None:
    found = project(tmp_path, '[release]\nsigning_key = "../k"\npublic_keys = ["k.pub", "/etc/k.pub"]\n').release
    assert found.signing_key == tmp_path / ".." / "k"
    assert found.public_keys == (tmp_path / "k.pub", Path("/etc/k.pub"))
    assert project(tmp_path, "").release.signing_key is None


@pytest.mark.parametrize("key", ["handler/k", "handler/a/../b/k", "./handler/k"])
def test_a_private_key_that_would_be_packed_into_the_bundle_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"release\.signing_key = .* is packed into the bundle"):
        project(tmp_path, f'[release]\nsigning_key = "{key}"\n')


def session(folder: Path, *, signing: str | None, trusting: str) -> Session:
    signing_key = f'signing_key = "{signing}"\n' if signing else ""
    found = project(folder, f'[release]\n{signing_key}public_keys = ["{trusting}"]\n')
    return Session(Options(config=str(found.path)))


def test_a_promotion_signs_with_a_trusted_key_or_is_refused(tmp_path: Path) -> None:
    made, other = keygen(tmp_path / "k", None), keygen(tmp_path / "other", None)
    signer = session(tmp_path, signing="k", trusting="k.pub").signer
    assert signer is not None
    assert signer.keyid == made.keyid
    for wrong in ("other", None):
        with pytest.raises(ConfigurationError, match="could never be verified, nor gone back to"):
            assert session(tmp_path, signing=wrong, trusting="k.pub").signer
    assert other.keyid != made.keyid


def test_who_verifies_needs_no_private_key(tmp_path: Path) -> None:
    made = keygen(tmp_path / "k", None)
    made.private.unlink()
    (trusted,) = session(tmp_path, signing="k", trusting="k.pub").trusted
    assert trusted.keyid == made.keyid


def test_the_evidence_does_not_depend_on_who_signs(tmp_path: Path) -> None:
    assert project(tmp_path, "").digest() == project(tmp_path, '[release]\nsigning_key = "k"\n').digest()


def test_the_schema_of_the_project_file_knows_the_section() -> None:
    schema = ProjectFile.model_json_schema(by_alias=True)
    assert schema["properties"]["release"]["$ref"] == "#/$defs/ReleaseSection"
    assert set(schema["$defs"]["ReleaseSection"]["properties"]) == {"signing_key", "public_keys"}


def test_the_passphrase_comes_from_the_environment_and_is_not_shown() -> None:
    words = "open sesame"
    found = read({"REHEARSAL_SIGNING_PASSPHRASE": words})
    assert found.signing_passphrase == words
    assert "sesame" not in repr(found)
    assert read({"REHEARSAL_SIGNING_PASSPHRASE": ""}).signing_passphrase is None


def test_the_command_line_starts_without_cryptography() -> None:
    code = "import sys, deploy.cli.main; sys.exit(bool({'cryptography', 'torch', 'docker'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.fixture
def ring() -> Ring:
    return Ring.shared()
