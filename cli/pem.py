"""PEM files of TLS, looked at before gRPC gets them: it logs what is wrong with one, or ends the process."""

from __future__ import annotations

import ssl
from pathlib import Path

from .failure import fail


def check_pair(certificate: Path | None, key: Path | None) -> None:
    """Fails where one of both is missing, or they are no certificate chain with its key. Neither is well."""
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        fail("TLS with a certificate needs both --tls-cert and --tls-key")
    for file in (certificate, key):
        _check(file)
    try:
        # An encrypted key is refused, instead of asking for its password here and again in gRPC.
        _context().load_cert_chain(certificate, key, password="")
    except ssl.SSLError:
        fail(
            f"{certificate} and {key} are no certificate and its key",
            hint="Give a certificate chain and its own key, not encrypted, both as PEM.",
        )


def check_authority(authority: Path | None) -> None:
    """Fails where a file holds no certificate of an authority. None is well."""
    if authority is None:
        return
    _check(authority)
    try:
        _context().load_verify_locations(authority)
    except ssl.SSLError:
        fail(f"{authority} holds no certificate", hint="Give the authority's certificate as PEM.")


def _check(file: Path) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror})")
    if b"-----BEGIN" not in content:
        fail(f"{file} holds no PEM", hint="A PEM file has lines such as -----BEGIN CERTIFICATE-----.")


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # how strong a key has to be is for gRPC to say
    return context
