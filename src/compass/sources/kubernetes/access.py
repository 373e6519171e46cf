"""How a cluster is reached: a kubeconfig, the service account of a pod, or an address in the settings."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secret, Secrets
from compass.sources.http.settings import Pem, Server, Tls
from compass.sources.kubernetes.options import KubernetesOptions
from compass.sources.kubernetes.plugin import Plugin
from compass.sources.live.options import caps_of, named_values, server_of

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.config.models import User

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
_UNSUPPORTED = ("proxy-url", "tls-server-name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The server, and the program that makes its credentials where one does. `context` for a person: kubectl's."""

    server: Server
    plugin: Plugin | None = None
    context: str = ""


def access_of(name: str, options: KubernetesOptions, secrets: Secrets, account: Path = ACCOUNT) -> Access:
    """Where the cluster is, without asking it. Raises ConfigurationError for what is missing or contradictory."""
    found = _found(name, options, secrets, account)
    headers, hidden = named_values(options.headers, secrets, f"sources.{name}.headers")
    return replace(found, server=replace(found.server, headers={**found.server.headers, **headers}, hidden=hidden))


def _found(name: str, options: KubernetesOptions, secrets: Secrets, account: Path) -> Access:
    if options.url and (options.kubeconfig or options.context):
        raise ConfigurationError("has a url and a kubeconfig", where=f"sources.{name}", hint="give one of them")
    if options.url:
        return Access(server=server_of(name, options, secrets))
    if options.token or options.password or options.authority or options.certificate:
        raise ConfigurationError("has credentials and no url", where=f"sources.{name}", hint="give its url too")
    environment = secrets.environment
    inside = environment.get(_HOST) and (account / "token").is_file()
    if inside and not options.kubeconfig and not options.context:
        return Access(server=_in_cluster(name, options, environment, account))
    files = [_beside(options.kubeconfig, secrets.base)] if options.kubeconfig else _usual(environment)
    return _of_config(name, options, _chosen(files, options.context, f"sources.{name}"), environment)


def _in_cluster(name: str, options: KubernetesOptions, environment: Mapping[str, str], account: Path) -> Server:
    """As kubernetes.io describes in "Accessing the Kubernetes API from a Pod"."""
    host, port = environment[_HOST], environment.get(_PORT, "443")
    token = _read(account / "token").strip()
    return Server(
        name=name, url=f"https://{f'[{host}]' if ':' in host else host}:{port}", token=Secret(token),
        tls=Tls(authority=account / "ca.crt"), caps=caps_of(options, name),
    )  # fmt: skip


def _beside(path: str, base: Path) -> str:
    """Every path of compass.toml is relative to its folder; KUBECONFIG's are to where one stands, as kubectl's."""
    return str(base / Path(path).expanduser())


def _usual(environment: Mapping[str, str]) -> Sequence[str]:
    listed = [path for path in environment.get("KUBECONFIG", "").split(os.pathsep) if path]
    return listed or [str(Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config")]


def _chosen(files: Sequence[str], context: str, where: str) -> SingleConfig:
    """The context, from the first file that has it whole. As kubectl, a file of the list may be absent."""
    there = [path for path in (Path(file).expanduser() for file in files) if path.is_file()]
    if not there:
        raise ConfigurationError(
            f"there is no kubeconfig at {', '.join(files)}, and this is no pod with a service account", where=where,
            hint="set kubeconfig (and context), or url and token",
        )  # fmt: skip
    known: list[str] = []
    current = context
    for path in there:
        contexts, found, of_file = _single(path, current, where)
        if found is not None:
            return found
        known += contexts
        current = current or of_file
    said = f"has no context {current!r}" if current else "has no current context"
    raise ConfigurationError(
        f"{', '.join(map(str, there))} {said}", where=where, hint=f"contexts: {', '.join(known) or 'none'}"
    )


def _single(path: Path, context: str, where: str) -> tuple[Sequence[str], SingleConfig | None, str]:
    """The file's contexts, the wanted (or current) one, and the name of the current one."""
    import msgspec
    import yaml
    from lightkube.config.kubeconfig import KubeConfig

    try:
        raw = yaml.safe_load(_read(path))
        config = KubeConfig.from_dict(raw, fname=path.absolute())
        current = config.current_context or ""
        name = context or current
        found = config.get(name) if name in config.contexts else None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        # What the parser says may quote a line, and with it a secret.
        raise ConfigurationError(
            f"is no kubeconfig: {type(error).__name__}", where=f"{where}: {path}", hint="kubectl config view"
        ) from None
    if found is not None:
        _refuse_unsupported(raw, found.context.cluster, f"{where}: {path}")
    return list(config.contexts), found, current


def _refuse_unsupported(raw: Mapping[str, Sequence[Mapping[str, object]]], cluster: str, where: str) -> None:
    entry = next((one.get("cluster") for one in raw["clusters"] if one.get("name") == cluster), None)
    for option in _UNSUPPORTED:
        if isinstance(entry, dict) and entry.get(option):
            raise ConfigurationError(
                f"cluster {cluster} needs {option}, which COMPASS does not do", where=where,
                hint="run `kubectl proxy` and set url to its address",
            )  # fmt: skip


def _of_config(name: str, options: KubernetesOptions, found: SingleConfig, environment: Mapping[str, str]) -> Access:
    where = f"sources.{name}: context {found.context_name}"
    if found.cluster.insecure:
        raise ConfigurationError(
            "has insecure-skip-tls-verify: verification cannot be switched off", where=where,
            hint="give the cluster its certificate-authority",
        )  # fmt: skip
    user, folder = found.user, found.fname.parent if found.fname is not None else Path()
    authority = _pem(found.cluster.certificate_auth_data, found.cluster.certificate_auth, folder, where)
    server = Server(
        name=name, url=found.cluster.server.rstrip("/"), caps=caps_of(options, name), tls=Tls(authority=authority),
    )  # fmt: skip
    access = Access(server=server, context=found.context_name)
    return access if user is None else _as_user(access, user, folder, where, environment)


def _as_user(access: Access, user: User, folder: Path, where: str, environment: Mapping[str, str]) -> Access:
    """With the user's credentials, in kubectl's order: what is written wins over a plugin."""
    certificate = _pem(user.client_cert_data, user.client_cert, folder, where)
    key = _pem(user.client_key_data, user.client_key, folder, where)
    server = replace(access.server, tls=replace(access.server.tls, certificate=certificate, key=key))
    if user.token_file or user.token:
        token = _read(folder / user.token_file) if user.token_file else user.token or ""
        return replace(access, server=replace(server, token=Secret(token.strip())))
    if user.username and user.password:
        return replace(access, server=replace(server, user=user.username, password=Secret(user.password)))
    if user.exec is not None:
        command = user.exec.command
        plugin = Plugin(
            command=str(folder / command) if os.sep in command else command, args=tuple(user.exec.args or ()),
            version=user.exec.apiVersion, hint=user.exec.installHint or "", where=where,
            environment={**environment, **{pair.name: pair.value for pair in user.exec.env or ()}},
        )  # fmt: skip
        return replace(access, server=server, plugin=plugin)
    if user.auth_provider is not None:
        raise ConfigurationError("uses an auth-provider, which Kubernetes 1.26 removed", where=where,
                                 hint="use an exec plugin, or a token")  # fmt: skip
    return replace(access, server=server)


def _pem(data: str | None, file: str | None, folder: Path, where: str) -> Path | Pem | None:
    """Inline data wins over a file, as kubectl has it."""
    if not data:
        return folder / Path(file).expanduser() if file else None
    try:
        return Pem(Secret(base64.b64decode(data, validate=True).decode("ascii")))
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ConfigurationError("certificate data is not PEM in base64", where=where) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"cannot be read: {reason}", where=str(path)) from error
