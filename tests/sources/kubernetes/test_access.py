"""How a cluster is reached: kubeconfigs as people have them, a pod's service account, plugins."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from compass.ports.errors import ConfigurationError, SourceRefusedError, SourceUnavailableError
from compass.redaction.secret import Secret, Secrets
from compass.sources.kubernetes.access import access_of
from compass.sources.kubernetes.feed import KubernetesFeed
from compass.sources.kubernetes.options import KubernetesOptions
from compass.sources.kubernetes.plugin import Plugin
from tests.sources.kubernetes.asking import PATIENT, SCOPE, means
from tests.sources.kubernetes.cluster import TOKEN, Cluster, shop
from tests.support.loopback import Answer, Asked, loopback

V1 = "client.authentication.k8s.io/v1"


@dataclass(frozen=True)
class Papers:
    """A CA with a certificate for the server and one for a client, all PEM files."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Papers:
        made = cls(folder)
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        usage = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign"]
        made._run("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.crt", "-days", "1", "-subj", "/CN=ca", *usage)
        for name, subject in (("server", "/CN=127.0.0.1"), ("client", "/CN=compass-reader")):
            made._run("req", *ec, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
            (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
            made._run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-out", f"{name}.crt", "-days", "1", "-extfile", "ext")  # fmt: skip
        return made

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()

    def base64(self, name: str) -> str:
        return base64.b64encode((self.folder / name).read_bytes()).decode()

    def server(self, *, wants_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.folder / "ca.crt"))
        context.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        context.verify_mode = ssl.CERT_REQUIRED if wants_certificate else ssl.CERT_NONE
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers.make(tmp_path_factory.mktemp("papers"))


def config(folder: Path, user: Mapping[str, object], server: str = "http://127.0.0.1:1", **cluster: object) -> Path:
    body = {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}},
                     {"name": "nobody", "context": {"cluster": "c"}}],
        "users": [{"name": "u", "user": dict(user)}],
    }  # fmt: skip
    path = folder / "config"
    path.write_text(yaml.safe_dump(body))
    return path


def script(folder: Path, text: str) -> str:
    path = folder / "get-token"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def saying(folder: Path, status: Mapping[str, str]) -> str:
    body = json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": dict(status)})
    (folder / "said.json").write_text(body)
    return script(folder, f'cat "{folder}/said.json"')


def plugged(command: str, **more: object) -> dict[str, Any]:
    return {"exec": {"apiVersion": V1, "command": command, "interactiveMode": "IfAvailable", **more}}


async def pods(options: Mapping[str, object], environment: Mapping[str, str], account: Path = Path("/none")) -> int:
    """How many pods are read with these settings."""
    made = means(dict(environment))
    full = KubernetesOptions(type="kubernetes", **options)  # type: ignore[arg-type]
    feed = KubernetesFeed("k", full, access_of("k", full, Secrets(environment, Path()), account), made)
    try:
        return int((await feed.look("kubernetes", deadline=PATIENT)).figures["pods"])
    finally:
        await feed.aclose()
        assert TOKEN not in f"{made.ledger} {feed._access}"


# -- who is asked, and as whom -----------------------------------------------------------------------------------------


async def test_a_token_and_an_authority_written_into_the_kubeconfig(tmp_path: Path, papers: Papers) -> None:
    async with loopback(shop(), papers.server()) as server:
        path = config(tmp_path, {"token": TOKEN}, server.url, **{"certificate-authority-data": papers.base64("ca.crt")})
        assert await pods({"kubeconfig": str(path)}, {}) == 1
        path = config(tmp_path, {"token": TOKEN}, server.url)
        with pytest.raises(SourceRefusedError, match="certificate is not accepted"):
            await pods({"kubeconfig": str(path), "timeout_s": 2.0}, {})


def test_a_relative_kubeconfig_is_beside_compass_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    (tmp_path / "kube.yaml").write_text(RELATIVE)
    found = access_of("cluster", KubernetesOptions(type="kubernetes", kubeconfig="kube.yaml"), Secrets({}, tmp_path))
    assert found.server.url == "https://k.example:6443"
    with pytest.raises(ConfigurationError, match="there is no kubeconfig"):
        access_of("cluster", KubernetesOptions(type="kubernetes", kubeconfig="kube.yaml"), Secrets({}, away))


RELATIVE = """apiVersion: v1
kind: Config
current-context: c
clusters: [{name: k, cluster: {server: "https://k.example:6443"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: k, user: u}}]
"""


async def test_files_are_beside_the_kubeconfig(tmp_path: Path, papers: Papers) -> None:
    (tmp_path / "ca.pem").write_text(papers.text("ca.crt"))
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    async with loopback(shop(), papers.server()) as server:
        path = config(tmp_path, {"tokenFile": "token"}, server.url, **{"certificate-authority": "ca.pem"})
        assert await pods({}, {"KUBECONFIG": f"{tmp_path / 'absent'}:{path}"}) == 1


@pytest.mark.parametrize("inline", [True, False])
async def test_a_client_certificate(tmp_path: Path, papers: Papers, inline: bool) -> None:
    if inline:
        user = {"client-certificate-data": papers.base64("client.crt"), "client-key-data": papers.base64("client.key")}
    else:
        user = {
            f"client-{what}": str(papers.folder / f"client.{end}")
            for what, end in (("certificate", "crt"), ("key", "key"))
        }
    cluster = Cluster(token=None, objects=shop().objects)
    async with loopback(cluster, papers.server(wants_certificate=True)) as server:
        path = config(tmp_path, user, server.url, **{"certificate-authority-data": papers.base64("ca.crt")})
        assert await pods({"kubeconfig": str(path)}, {}) == 1
        assert {one.certificate for one in server.asked} == {"compass-reader"}


async def test_a_plugin_gives_a_token(tmp_path: Path) -> None:
    async with loopback(shop()) as server:
        path = config(tmp_path, plugged(saying(tmp_path, {"token": TOKEN})), server.url)
        assert await pods({"kubeconfig": str(path)}, {"PATH": "/usr/bin:/bin"}) == 1


async def test_a_plugin_gives_a_certificate(tmp_path: Path, papers: Papers) -> None:
    pair = {"clientCertificateData": papers.text("client.crt"), "clientKeyData": papers.text("client.key")}
    cluster = Cluster(token=None, objects=shop().objects)
    async with loopback(cluster, papers.server(wants_certificate=True)) as server:
        user = plugged(saying(tmp_path, pair))
        path = config(tmp_path, user, server.url, **{"certificate-authority-data": papers.base64("ca.crt")})
        assert await pods({"kubeconfig": str(path)}, {"PATH": "/usr/bin:/bin"}) == 1


async def test_a_plugin_beside_the_kubeconfig_gets_its_arguments_and_environment(tmp_path: Path) -> None:
    script(tmp_path, 'printf \'{"status": {"token": "%s"}}\' "$PART-$1"; printf "%s" "$KUBERNETES_EXEC_INFO" > "$INFO"')
    info = tmp_path / "info"
    environment = [{"name": "PART", "value": "canary"}, {"name": "INFO", "value": str(info)}]
    user = plugged("./get-token", args=["token-4c1f88e0"], env=environment)
    async with loopback(shop()) as server:
        path = config(tmp_path, user, server.url)
        assert await pods({"kubeconfig": str(path)}, {"PATH": "/usr/bin:/bin"}) == 1
    assert json.loads(info.read_text())["spec"] == {"interactive": False}


async def test_a_password(tmp_path: Path) -> None:
    cluster = shop()
    basic = "Basic " + base64.b64encode(f"reader:{TOKEN}".encode()).decode()

    def answer(asked: Asked) -> Answer:
        assert asked.headers["authorization"] == basic
        cluster.token = None
        return cluster(asked)

    async with loopback(answer) as server:
        path = config(tmp_path, {"username": "reader", "password": TOKEN}, server.url)
        assert await pods({"kubeconfig": str(path)}, {}) == 1


async def test_inside_a_pod_the_service_account_is_used(tmp_path: Path, papers: Papers) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "ca.crt").write_text(papers.text("ca.crt"))
    async with loopback(shop(), papers.server()) as server:
        host, _, port = server.url.removeprefix("https://").partition(":")
        environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        assert await pods({}, environment, tmp_path) == 1


def test_the_address_in_a_pod_may_be_one_of_ipv6(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = access_of("k", KubernetesOptions(type="kubernetes"), Secrets(environment, Path()), tmp_path)
    assert access.server.url == "https://[fd00::1]:443"


async def test_a_context_is_chosen_and_named_in_the_queries(tmp_path: Path) -> None:
    cluster = Cluster(token=None, objects=shop().objects)
    async with loopback(cluster) as server:
        options = KubernetesOptions(
            type="kubernetes", kubeconfig=str(config(tmp_path, {"token": TOKEN}, server.url)), context="nobody"
        )
        feed = KubernetesFeed("k", options, access_of("k", options, Secrets({}, Path())), means({}))
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        await feed.aclose()
        assert gathered.queries[0].text.endswith("--output json --context nobody")
        assert all("authorization" not in one.headers for one in server.asked)


# -- what is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cluster", "user", "said"),
    [
        ({"insecure-skip-tls-verify": True}, {}, "verification cannot be switched off"),
        ({"proxy-url": "http://p:1"}, {}, "needs proxy-url, which COMPASS does not do"),
        ({"certificate-authority-data": "???"}, {}, "not PEM in base64"),
        ({}, {"auth-provider": {"name": "gcp"}}, "which Kubernetes 1.26 removed"),
        ({}, {"tokenFile": "absent"}, "cannot be read: No such file"),
        ({}, {"exec": "a word"}, "is no kubeconfig"),
    ],
)  # fmt: skip
def test_what_a_kubeconfig_cannot_have_is_told(
    tmp_path: Path, cluster: dict[str, object], user: dict[str, object], said: str
) -> None:
    path = config(tmp_path, user, **cluster)
    with pytest.raises(ConfigurationError, match=said):
        access_of("k", KubernetesOptions(type="kubernetes", kubeconfig=str(path)), Secrets({}, Path()))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kubeconfig": "absent"}, "no kubeconfig at absent"),
        ({"url": "http://k", "context": "a"}, "has a url and a kubeconfig"),
        ({"token": "env:T"}, "has credentials and no url"),
        ({}, "there is no kubeconfig at .*set kubeconfig"),
    ],
)
def test_settings_that_lead_nowhere_are_told(options: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        access_of("k", KubernetesOptions(type="kubernetes", **options), Secrets({"HOME": "/nowhere"}, Path()))  # type: ignore[arg-type]


def test_an_unknown_context_is_told_with_those_there_are(tmp_path: Path) -> None:
    options = KubernetesOptions(type="kubernetes", kubeconfig=str(config(tmp_path, {})), context="prod")
    with pytest.raises(ConfigurationError, match=r"has no context 'prod'.*contexts: here, nobody"):
        access_of("k", options, Secrets({}, Path()))
    broken = tmp_path / "broken"
    broken.write_text(f"users: [{{token: {TOKEN}")
    options = KubernetesOptions(type="kubernetes", kubeconfig=str(broken))
    with pytest.raises(ConfigurationError, match="is no kubeconfig") as caught:
        access_of("k", options, Secrets({}, Path()))
    assert TOKEN not in f"{caught.value!s} {caught.value.__cause__}"


def plugin(command: str, version: str = V1) -> Plugin:
    return Plugin(command=command, args=(), version=version, hint="install it from us", where="k",
                  environment={"PATH": "/usr/bin:/bin"})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"echo 'token={TOKEN} is too old' >&2; exit 3", r"failed \(3\): token=\[redacted:secret\] is too old"),
        (f"echo {TOKEN}", "gave neither a token nor a certificate"),
        ("echo '{\"status\": {}}'", "gave neither"),
        ("exit 0", "gave neither"),
    ],
)
async def test_a_plugin_that_fails_is_told_without_what_it_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceRefusedError, match=said) as caught:
        await plugin(script(tmp_path, text)).credentials(_server())
    assert TOKEN not in f"{caught.value!s} {caught.value!r}"


async def test_a_plugin_that_waits_for_somebody_is_ended(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"no credentials within 0.2 s.*log in"):
        await plugin(script(tmp_path, "exec sleep 60")).credentials(_server(), 0.2)


async def test_a_plugin_that_is_not_there_or_of_another_time(tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError, match=r"cannot be run: No such file.*install it from us"):
        await plugin(str(tmp_path / "absent")).credentials(_server())
    with pytest.raises(SourceRefusedError, match=r"version .*v9 is unknown"):
        await plugin("true", "client.authentication.k8s.io/v9").credentials(_server())


async def test_a_plugin_with_useless_papers_is_told(tmp_path: Path) -> None:
    command = saying(tmp_path, {"clientCertificateData": "no PEM", "clientKeyData": TOKEN})
    path = config(tmp_path, plugged(command), "https://127.0.0.1:1")
    with pytest.raises(SourceRefusedError, match="cannot be used for TLS"):
        await pods({"kubeconfig": str(path)}, {"PATH": "/usr/bin:/bin"})


def _server() -> Any:
    from compass.sources.http.settings import Server

    return Server(name="k", url="http://127.0.0.1:1", token=Secret("unused"))
