"""What stays of an object, and what does not."""

from __future__ import annotations

import pytest

from compass.sources.kubernetes.cleaned import LAST_APPLIED, MOST_DEPTH, Numbered, cleaned, value_of
from compass.tables.objects import Json
from tests.sources.kubernetes.cluster import SECRET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_HOST", "postgres.shop.svc.cluster.local:5432"), ("CHECKOUT_SERVICE_ADDR", "checkoutservice:5050"),
        ("AUTH_SERVICE_ADDR", "auth:8080"), ("TOKEN_TTL", "3600"), ("PASSWORD_FILE", "/run/secrets/db"),
        ("MAX_POOL_SIZE", "50"), ("JAVA_OPTS", "-Xmx512m -XX:MaxRAMPercentage=75"), ("LOG_LEVEL", "debug"),
        ("KAFKA", "kafka-0.kafka.svc:9092,kafka-1.kafka.svc:9092"), ("DSN", "redis://cache.shop:6379/0"),
        ("CLASS", "com.example.checkout.CheckoutApplication"), ("FLAG", "true"), ("EMPTY_TOKEN", ""),
        ("COMPASS", "on"),
    ],
)  # fmt: skip
def test_what_rules_read_stays(name: str, value: str) -> None:
    assert value_of(name, value) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter"), ("dbPass", "two words"), ("PGPASSWORD", "two words"),
        ("STRIPE_KEY", "x"), ("Authorization", "Basic abc"),
        ("ANYTHING", SECRET), ("ANYTHING", "0f3c9a1e77b24d5a8c6e9f00a1b2c3d4"), ("X", f"--seed {SECRET}"),
        ("QUERY_URL", f"https://hook.example/in?sig={SECRET}"), ("DSN", f"postgres://app:{SECRET}@db.shop:5432/shop"),
        ("X", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_what_may_be_a_secret_goes(name: str, value: str) -> None:
    shown = value_of(name, value)
    assert "[redacted:" in shown
    for word in ("hunter", "two words", "words", SECRET, "MIIE", "0f3c9a"):
        assert word not in shown


def test_the_host_of_an_address_with_a_password_stays() -> None:
    shown = value_of("DSN", "postgres://app:hunter2@db.shop.svc:5432/shop")
    assert shown == "postgres://app:[redacted:password]@db.shop.svc:5432/shop"


def test_equal_values_have_equal_numbers() -> None:
    mask = Numbered()
    assert [value_of("TOKEN", value, mask) for value in ("a", "b", "a")] == [
        "[redacted:secret 1]", "[redacted:secret 2]", "[redacted:secret 1]",
    ]  # fmt: skip


def test_secrets_go_wherever_an_object_may_hold_them() -> None:
    body: dict[str, Json] = {
        "kind": "Pod",
        "metadata": {
            "name": "a", "managedFields": [{"manager": "kubectl"}],
            "annotations": {LAST_APPLIED: f'{{"env": "{SECRET}"}}', "vault/token": SECRET, "plain": "kept"},
        },
        "spec": {
            "containers": [{
                "args": ["--port=8080", f"--seed={SECRET}"], "command": ["run", SECRET],
                "env": [{"name": "DB_PASSWORD", "value": SECRET},
                        {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
                "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": f"Bearer {SECRET}"}]}},
            }],
            "volumes": [{"csi": {"driver": "d", "volumeAttributes": {"shareKey": SECRET}}}],
        },
        "status": {"message": f"cannot log in with password={SECRET}"},
        "data": {"config.yaml": f"password: {SECRET}", "size": "5"}, "binaryData": {"keystore": SECRET},
    }  # fmt: skip
    found = cleaned(body)
    assert SECRET not in str(found)
    assert found["metadata"] == {"name": "a", "annotations": {"vault/token": "[redacted:secret]", "plain": "kept"}}
    assert found["data"]["size"] == "5"  # type: ignore[index,call-overload]
    assert found["binaryData"] == {"keystore": ""}
    reference = found["spec"]["containers"][0]["env"][1]  # type: ignore[index,call-overload]
    assert reference == {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}


def test_depth_is_bounded() -> None:
    deep: Json = "end"
    for _ in range(MOST_DEPTH * 3):
        deep = {"a": deep}
    assert "end" not in str(cleaned({"kind": "X", "spec": deep}))


def test_of_a_configuration_only_the_keys_go() -> None:
    text = f"pool:\n  size: 5\n  host: db.shop.svc:5432\nseed: {SECRET}\nlevel: debug\n"
    shown = value_of("application.yaml", text)
    assert shown == text.replace(SECRET, "[redacted:secret]")


def test_the_word_after_a_flag_is_what_the_flag_names() -> None:
    args: Json = [
        "--requirepass",
        "hunter",
        "--port",
        "8080",
        "--token=hunter two",
        "--password",
        "--verbose",
        "hunter.svc:80",
    ]
    assert cleaned({"args": args})["args"] == [
        "--requirepass", "[redacted:secret]", "--port", "8080", "--token=[redacted:secret]", "--password", "--verbose",
        "hunter.svc:80",
    ]  # fmt: skip
