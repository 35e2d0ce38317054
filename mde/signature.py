"""Signature: a DSSE envelope around a statement, signed with an Ed25519 key, and its check.

The key signs what was stated and of which type it is, so a statement cannot be passed off as one of another kind.

Reference: Secure Systems Lab, *DSSE: Dead Simple Signing Envelope* 1.0.2; RFC 8032 (Ed25519). Keys are PEM files, as
`openssl genpkey -algorithm ed25519 -out key.pem` and `openssl pkey -in key.pem -pubout -out key.pub` write them.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from mde.errors import InputError
from mde.files import sha256_bytes

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """A private key without password. Raises InputError for anything else."""
    make = f"make one with: openssl genpkey -algorithm ed25519 -out {path}"
    try:
        key = load_pem_private_key(_content(path, make), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path} is no PEM file of a private key without password; {make}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} holds a {type(key).__name__}, expected an Ed25519 key; {make}")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """A public key. Raises InputError for anything else."""
    make = "make it from the private one with: openssl pkey -in KEY -pubout"
    try:
        key = load_pem_public_key(_content(path, make))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path} is no PEM file of a public key; {make}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path} holds a {type(key).__name__}, expected an Ed25519 key; {make}")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key's SubjectPublicKeyInfo, by which people tell keys apart."""
    return sha256_bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def envelope(payload: bytes, key: Ed25519PrivateKey) -> dict[str, Any]:
    """`payload`, an in-toto statement as JSON, signed. Inverse: `opened`."""
    signature = key.sign(_encoded(payload))
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}],
    }


def payload_of(signed: Any) -> bytes:
    """What an envelope says, whoever says it. Raises ValueError for what is no envelope of a statement."""
    try:
        if signed["payloadType"] != PAYLOAD_TYPE:
            raise ValueError(f"payload of type {signed['payloadType']!r}, expected {PAYLOAD_TYPE}")
        return base64.b64decode(signed["payload"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"no DSSE envelope ({error!r})") from error


def opened(signed: Any, key: Ed25519PublicKey) -> bytes:
    """The payload of an envelope that `key` has signed. Raises ValueError where it has not."""
    payload = payload_of(signed)
    try:
        signatures = [base64.b64decode(one["sig"], validate=True) for one in signed["signatures"]]
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"no DSSE envelope ({error!r})") from error
    if not any(_is_signed(payload, signature, key) for signature in signatures):
        raise ValueError(f"not signed by the key {key_id(key)[:16]}")
    return payload


def _is_signed(payload: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(signature, _encoded(payload))
    except InvalidSignature:
        return False
    return True


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: lengths stand before type and payload, so no two pairs look alike."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _content(path: Path, make: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {make}") from error
