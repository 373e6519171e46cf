"""Credentials from the program that a kubeconfig names (client.authentication.k8s.io, "exec")."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.redaction import bound, redact
from compass.redaction.secret import Secret
from compass.sources.http.settings import Pem, Server

VERSIONS = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1", "v1alpha1"))
WITHIN_S = 30.0


class _Status(msgspec.Struct, rename="camel", frozen=True):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""


class _Credential(msgspec.Struct):
    status: _Status = _Status()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One program. It is the person's own, from their kubeconfig, and runs as kubectl would run it: without a
    terminal, with their environment."""

    command: str
    args: tuple[str, ...]
    version: str
    hint: str
    where: str
    environment: Mapping[str, str] = field(repr=False)

    async def credentials(self, server: Server, within_s: float | None = None) -> Server:
        """`server` with what the program gave. Raises SourceUnavailableError when it is late, SourceRefusedError when
        it fails or says something else. Neither repeats what it wrote to its output."""
        if self.version not in VERSIONS:
            raise SourceRefusedError(f"the exec plugin's version {self.version} is unknown", where=self.where)
        status = self._read(await self._run(min(WITHIN_S, WITHIN_S if within_s is None else within_s)))
        tls = server.tls
        if status.client_certificate_data:
            certificate, key = (Pem(Secret(pem)) for pem in (status.client_certificate_data, status.client_key_data))
            tls = replace(tls, certificate=certificate, key=key)
        return replace(server, tls=tls, token=Secret(status.token) if status.token else None)

    async def _run(self, within_s: float) -> bytes:
        info = {"apiVersion": self.version, "kind": "ExecCredential", "spec": {"interactive": False}}
        try:
            running = await asyncio.create_subprocess_exec(
                self.command, *self.args, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env={**self.environment, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            )  # fmt: skip
        except OSError as error:
            raise SourceRefusedError(
                f"{self.command} cannot be run: {error.strerror}", where=self.where,
                hint=bound(redact(self.hint), 300) or "the kubeconfig names it for credentials: install it",
            ) from error  # fmt: skip
        try:
            async with asyncio.timeout(within_s):
                output, said = await running.communicate()
        except TimeoutError:
            raise SourceUnavailableError(
                f"{self.command} gave no credentials within {within_s:.3g} s", where=self.where,
                hint="does it wait for somebody to log in? Do that first",
            ) from None  # fmt: skip
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
        if running.returncode:
            words = bound(redact(" ".join(said[:4096].decode("utf-8", errors="replace").split())), 200)
            raise SourceRefusedError(
                f"{self.command} failed ({running.returncode})" + (f": {words}" if words else ""), where=self.where,
                hint="run it by hand: is somebody logged in?",
            )  # fmt: skip
        return output

    def _read(self, output: bytes) -> _Status:
        try:
            status = msgspec.json.decode(output, type=_Credential).status
        except (msgspec.DecodeError, UnicodeDecodeError):
            status = _Status()
        if not status.token and not (status.client_certificate_data and status.client_key_data):
            raise SourceRefusedError(f"{self.command} gave neither a token nor a certificate", where=self.where)
        return status
