from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mde.errors import InputError
from mde.signature import PAYLOAD_TYPE, envelope, opened, payload_of, read_public_key, read_signing_key
from tests.mde.keys import write_keys


def test_what_was_signed_is_what_is_opened(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    signed = envelope(b'{"a": 1}', read_signing_key(private))
    assert opened(signed, read_public_key(public)) == payload_of(signed) == b'{"a": 1}'


def test_the_signature_is_over_the_encoding_of_dsse(tmp_path: Path) -> None:
    """DSSE's own example of PAE, with our type: lengths in decimal, one space between all parts."""
    private, public = write_keys(tmp_path)
    signed = envelope(b"hello world", read_signing_key(private))
    signature = base64.b64decode(signed["signatures"][0]["sig"])
    expected = b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    read_public_key(public).verify(signature, expected)  # raises where it is over anything else
    assert len(PAYLOAD_TYPE) == 28


@pytest.mark.parametrize("part", ["payload", "type", "signature", "key", "form"])
def test_a_changed_envelope_does_not_open(tmp_path: Path, part: str) -> None:
    private, public = write_keys(tmp_path)
    signed = envelope(b'{"a": 1}', read_signing_key(private))
    if part == "payload":
        signed["payload"] = base64.b64encode(b'{"a": 2}').decode()
    elif part == "type":
        signed["payloadType"] = "text/plain"
    elif part == "signature":
        signed["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    elif part == "key":
        _, public = write_keys(tmp_path, seed=1)
    else:
        signed["signatures"] = None
    with pytest.raises(ValueError, match="not signed by|expected application|no DSSE"):
        opened(signed, read_public_key(public))


def test_other_keys_are_refused_with_the_way_to_a_right_one(tmp_path: Path) -> None:
    private, public = write_keys(tmp_path)
    other = tmp_path / "ec.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    other.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match="expected an Ed25519 key; make one with: openssl"):
        read_signing_key(other)
    with pytest.raises(InputError, match="no PEM file of a private key"):
        read_signing_key(public)
    with pytest.raises(InputError, match="no PEM file of a public key"):
        read_public_key(private)
    with pytest.raises(InputError, match="cannot be read"):
        read_signing_key(tmp_path / "absent.pem")


def test_keys_made_by_openssl_are_read(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make a key with")
    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    assert opened(envelope(b"{}", read_signing_key(key)), read_public_key(public)) == b"{}"
