"""One phrase or more per family and ecosystem, and what must not match."""

from __future__ import annotations

import pytest

from compass.analysis.dependencies import known_names
from compass.analysis.log_meaning import load_meanings, whom
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.sign import SIGNS

MEANINGS = load_meanings()
CART = EntityRef(kind=EntityKind.SERVICE, name="cartservice")
REDIS = EntityRef(kind=EntityKind.SERVICE, name="redis-cart")
PRODUCTS = EntityRef(kind=EntityKind.SERVICE, name="productcatalogservice")
FRONT = EntityRef(kind=EntityKind.SERVICE, name="frontend")
KNOWN = known_names([CART, REDIS, PRODUCTS, FRONT])

PHRASES = {
    "log.timeout": [
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        "java.net.SocketTimeoutException: Read timed out",
        "Error: connect ETIMEDOUT 10.0.0.1:80",
        "dial tcp 10.0.0.1:80: i/o timeout",
        "canceling statement due to statement timeout",
        "upstream request timeout",
        "requests.exceptions.ReadTimeout: read timed out. (read timeout=5)",
    ],
    "log.connection_refused": [
        "dial tcp 10.0.0.1:3550: connect: connection refused",
        "java.net.ConnectException: Connection refused",
        "Error: connect ECONNREFUSED 10.0.0.1:6379",
        "read tcp: connection reset by peer",
        "write: broken pipe",
        "redis-cart:6379 UnableToConnect",
        "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
        "FATAL:  the database system is starting up",
    ],
    "log.unavailable": [
        "rpc error: code = Unavailable desc = no healthy upstream",
        "No instances available for orders",
        "HTTP/1.1 503 Service Unavailable",
        "CircuitBreaker 'stock' is OPEN",
        "no live upstreams while connecting to upstream",
    ],
    "log.dns": [
        "dial tcp: lookup orders on 10.96.0.10:53: no such host",
        "java.net.UnknownHostException: orders",
        "getaddrinfo ENOTFOUND orders",
        "Temporary failure in name resolution",
        'could not translate host name "db" to address',
        "lookup orders on 10.96.0.10:53: i/o timeout",
    ],
    "log.tls": [
        "x509: certificate has expired or is not yet valid",
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed",
        "Error: self-signed certificate",
        "tls: handshake failure",
        "CERT_HAS_EXPIRED",
    ],
    "log.auth": [
        'FATAL:  password authentication failed for user "app"',
        "ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.1'",
        "WRONGPASS invalid username-password pair",
        "401 Unauthorized",
        "rpc error: code = PermissionDenied desc = no",
    ],
    "log.pool_timeout": [
        "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
        "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30",
        "Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.",
        "Timeout acquiring a connection. The pool is probably full.",
        "Could not get a resource from the pool",
    ],
    "log.out_of_memory": [
        "java.lang.OutOfMemoryError: Java heap space",
        "FATAL ERROR: JavaScript heap out of memory",
        "MemoryError",
        "fork: Cannot allocate memory",
        "OOM command not allowed when used memory > 'maxmemory'.",
    ],
    "log.disk_full": [
        "write /data/x: no space left on device",
        'could not extend file "base/1": No space left on device',
    ],
    "log.permission": [
        "open /data/x: permission denied",
        "Error: EACCES: permission denied",
        "PermissionError: [Errno 13]",
    ],
    "log.rate_limited": [
        "429 Too Many Requests",
        "ThrottlingException: Rate exceeded",
        "rpc error: code = ResourceExhausted desc = x",
    ],
    "log.deadlock": [
        "ERROR: deadlock detected",
        "Lock wait timeout exceeded; try restarting transaction",
        "sqlite3.OperationalError: database is locked",
    ],
    "log.fds": ["accept4: too many open files", "Error: EMFILE"],
    "log.too_many_connections": [
        "FATAL:  sorry, too many clients already",
        "ERROR 1040 (HY000): Too many connections",
        "ERR max number of clients reached",
    ],
    "log.bad_data": [
        "json: cannot unmarshal string into Go value",
        "SyntaxError: Unexpected token < in JSON at position 0",
        "java.lang.NumberFormatException: For input string",
        "org.apache.kafka.common.errors.SerializationException: x",
    ],
    "log.config": [
        "Missing environment variable DB_HOST",
        "Could not resolve placeholder 'db.url'",
        "panic: environment variable X not set",
        'nginx: [emerg] host not valid in "/etc/nginx/nginx.conf"',
    ],
    "log.exception": [
        "Traceback (most recent call last):",
        "panic: runtime error: index",
        "java.lang.IllegalStateException: x",
        "System.NullReferenceException: Object reference not set",
        "UnhandledPromiseRejection: unhandled rejection",
    ],
    "log.cancelled": [
        "rpc error: code = Canceled desc = context canceled",
        "System.OperationCanceledException: x",
        "ClientAbortException",
    ],
    "log.schema": [
        'ERROR: column "price" does not exist',
        "Unknown column 'price' in 'field list'",
        'relation "orders" does not exist',
    ],
    "log.read_only": [
        "READONLY You can't write against a read only replica.",
        "cannot execute INSERT in a read-only transaction",
        "NOT_LEADER_OR_FOLLOWER: NotLeaderForPartitionException",
    ],
}


@pytest.mark.parametrize(("sign", "text"), [(sign, text) for sign, texts in PHRASES.items() for text in texts])
def test_phrases(sign: str, text: str) -> None:
    assert MEANINGS.signs(text, "error")[:1] == (sign,)


def test_the_table_speaks_in_known_signs_and_every_text_sign_has_phrases() -> None:
    spoken = {family.sign for family in MEANINGS.families}
    assert spoken == {sign for sign, meaning in SIGNS.items() if meaning.startswith("error text:")} == set(PHRASES)
    assert all(masked in spoken for family in MEANINGS.families for masked in family.masks)


@pytest.mark.parametrize(
    "text",
    [
        "connected to 10.0.0.1:5432", "coordinator timeout: 0ms, query timeout (ms): 500", "GET /orders 200 in 12 ms",
        "listening on port 8080", "loaded configuration from app.yaml", "retries=3 timeout=30s", "error count = 0",
    ],
)  # fmt: skip
def test_ordinary_lines_mean_nothing(text: str) -> None:
    assert MEANINGS.signs(text) == ()


def test_lines_that_state_a_routine_level_mean_nothing() -> None:
    assert MEANINGS.signs("connection refused", "info") == ()


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("dial tcp: lookup productcatalogservice on 169.254.20.10:53: no such host", PRODUCTS),
        ("dial tcp 10.68.1.2:3550: connect: connection refused", PRODUCTS),
        ("UnableToConnect on redis-cart:6379/Interactive", REDIS),
        ("could not retrieve cart: rpc error: code = Unavailable desc = no healthy upstream", CART),
        ("could not retrieve products: rpc error: code = Unavailable", PRODUCTS),
        ("No instances available for cartservice", CART),
        ("Error: connect ECONNREFUSED 10.68.1.2:3550", PRODUCTS),
        ('upstream: "http://cartservice.shop.svc:80/x"', CART),
        ("could not retrieve frontend", None),
        ("connection refused", None),
    ],
)
def test_whom_a_line_points_at(text: str, entity: EntityRef | None) -> None:
    assert whom(MEANINGS.named(text), FRONT, KNOWN, {"10.68.1.2": PRODUCTS}) == entity


def test_a_word_that_begins_several_names_points_at_nobody() -> None:
    known = known_names([CART, EntityRef(kind=EntityKind.SERVICE, name="cart-worker")])
    assert whom(("cart",), FRONT, known, {}) is None


def test_a_broken_table_is_refused() -> None:
    with pytest.raises(ValueError, match="families"):
        load_meanings("[]")
