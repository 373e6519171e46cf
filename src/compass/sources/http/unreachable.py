"""No answer at all: what a failed connection means for the person who waits."""

from __future__ import annotations

import ssl

import httpx2

from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.sources.http.settings import Server
from compass.sources.http.words import NOT_TRUSTED, WANTS_OURS

# Codes of X509_verify_cert (openssl-verification-options(1)).
_TIMES = frozenset({9, 10})
_NAMES = frozenset({62, 64})
_MISSED = ("HANDSHAKE_FAILURE", "BAD_CERTIFICATE")
"""What servers say, before TLS 1.3 and some still, to who shows no certificate."""
_OURS = (
    ("CERTIFICATE_REQUIRED", "none was shown to it"),
    ("HANDSHAKE_FAILURE", "it gives no reason"),
    ("UNKNOWN_CA", "it does not know the authority that issued it"),
    ("CERTIFICATE_EXPIRED", "it has expired"),
    ("CERTIFICATE_REVOKED", "it was revoked"),
    ("BAD_CERTIFICATE", "it has expired, is not of an authority that it knows, or is damaged"),
    ("CERTIFICATE_UNKNOWN", "it gives no reason"),
    ("UNSUPPORTED_CERTIFICATE", "it is not of the kind it wants"),
    ("ACCESS_DENIED", "whom it names has no access"),
    ("DECRYPT_ERROR", "its key is another"),
)
"""Alerts of a server that looked at our certificate (RFC 8446, 6.2), as OpenSSL names them."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION")


def unreachable(error: httpx2.TransportError | ssl.SSLError, server: Server) -> SourceError:
    """The error of the tree. What TLS refuses stays refused, whoever tries again; the rest may pass."""
    name, shows_none = server.name, server.tls.certificate is None
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, ssl.SSLCertVerificationError):
            return _not_trusted(inner, name)
        if isinstance(inner, ssl.SSLError) and (said := _of_tls(inner, name, shows_none=shows_none)) is not None:
            return said
        inner = inner.__cause__ or inner.__context__
    if isinstance(error, httpx2.ConnectError) and not _during_tls(error):
        return SourceUnavailableError(f"cannot be reached: {str(error) or type(error).__name__}", where=name,
                                      hint="is the address right, and open from here?")  # fmt: skip
    if not server.url.startswith("https:"):
        maybe = "does its address begin with https://?"
    else:
        maybe = "does it want a certificate of ours?" if shows_none else "does it accept our certificate?"
    what = "broke off in the middle of its answer, or did not speak HTTP"
    if _during_tls(error):
        what = "closed the connection before TLS was agreed on"
    return SourceUnavailableError(what, where=name, hint=f"{maybe} Or a proxy between cut it")


def _during_tls(error: Exception) -> bool:
    """Whether it was a connection that was there and ended before anything was asked."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, ssl.SSLEOFError):
        inner = inner.__cause__ or inner.__context__
    return inner is not None and not isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError)


def _not_trusted(error: ssl.SSLCertVerificationError, name: str) -> SourceRefusedError:
    if error.verify_code in _TIMES:
        hint = "its owner has to renew it; or is the clock of this machine wrong?"
    elif error.verify_code in _NAMES:
        hint = "give the address with the name that the certificate is for"
    else:
        hint = 'for a CA of your own set authority = "ca.pem" in compass.toml; verification cannot be switched off'
    said = error.verify_message.rstrip(".")
    return SourceRefusedError(f"{NOT_TRUSTED}: {said}", where=name, hint=hint)


def _of_tls(error: ssl.SSLError, name: str, *, shows_none: bool) -> SourceRefusedError | None:
    """None for what says nothing of the certificates or the protocol: a connection that broke."""
    reason = (error.reason or "").upper()
    wants = "CERTIFICATE_REQUIRED" in reason or (shows_none and any(word in reason for word in _MISSED))
    if wants and shows_none:
        hint = 'certificate = "PATH" and key = "PATH" in compass.toml, PEM files'
        return SourceRefusedError(WANTS_OURS, where=name, hint=hint)
    for alert, why in _OURS:
        if alert in reason:
            hint = "another certificate (and its key) from whoever runs the server"
            return SourceRefusedError(f"does not accept our certificate: {why}", where=name, hint=hint)
    if any(word in reason for word in _NO_TLS):
        hint = "does its address begin with http://, or is it another port?"
        return SourceRefusedError("does not speak TLS there", where=name, hint=hint)
    if any(word in reason for word in _OLD):
        hint = "it has to offer TLS 1.2 or newer"
        return SourceRefusedError("speaks only a version of TLS that is too old", where=name, hint=hint)
    return None
