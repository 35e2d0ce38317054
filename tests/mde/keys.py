"""Ed25519 keys for tests, as files."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def write_keys(folder: Path, *, seed: int = 0) -> tuple[Path, Path]:
    """Private and public key as PEM files; the same seed gives the same keys."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
    private, public = folder / f"key{seed}.pem", folder / f"key{seed}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public
