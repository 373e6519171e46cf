"""The offline embedder: what the package itself computes, from its files, without any network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compass.ports.errors import EmbeddingError
from compass.storage.embedding import wordllama
from compass.storage.embedding.wordllama import WordLlama
from tests.storage.support import child_environment

TEXTS = (
    "orders are slow, the pool of connections to the database is used up",
    "checkout fails: waiting for a database connection",
    "certificate of the payment provider expired",
    "Zürich 🚒 ÄÖÜ",
    "",
)

OFFLINE = """
import socket
def refuse(*_, **__):
    raise AssertionError("network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from compass.storage.embedding.wordllama import WordLlama
import sys
found = WordLlama().embed(["orders are slow"])
assert found.shape == (1, 256)
assert not {"wordllama", "requests", "huggingface_hub"} & set(sys.modules), "its own loader is not used"
print("done")
"""


@pytest.fixture(scope="module")
def embedder() -> WordLlama:
    return WordLlama()


def test_it_computes_what_the_package_computes(embedder: WordLlama) -> None:
    import wordllama as package

    folder = Path(package.__file__).parent
    theirs = package.WordLlama.load(cache_dir=folder, disable_download=True).embed(list(TEXTS[:4]), norm=True)
    np.testing.assert_allclose(embedder.embed(TEXTS)[:4], theirs, atol=1e-5)


def test_vectors_are_units_and_an_empty_text_has_none(embedder: WordLlama) -> None:
    found = embedder.embed(TEXTS)
    assert found.shape == (5, embedder.dimensions)
    assert found.dtype == np.float32
    assert np.linalg.norm(found[:4], axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_what_means_the_same_is_nearer(embedder: WordLlama) -> None:
    found = embedder.embed(TEXTS[:3])
    assert found[0] @ found[1] > found[0] @ found[2] + 0.1


def test_a_long_text_costs_no_more_than_its_beginning(embedder: WordLlama) -> None:
    long = "orders are slow " * 10_000
    np.testing.assert_allclose(embedder.embed([long]), embedder.embed([long[:40_000]]), atol=1e-6)


def test_nothing_is_fetched() -> None:
    run = [sys.executable, "-c", OFFLINE]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, env=child_environment(), check=False)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr


def test_missing_files_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wordllama, "_WEIGHTS", tmp_path / "none")
    with pytest.raises(EmbeddingError, match="pip install wordllama"):
        WordLlama().embed(["x"])
    monkeypatch.setattr(wordllama, "_PACKAGE", "no_such_package")
    with pytest.raises(EmbeddingError, match="not installed"):
        _ = WordLlama().version
