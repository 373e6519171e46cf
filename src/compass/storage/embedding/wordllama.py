"""The offline embedder: the static word vectors that ship inside the package `wordllama`, and nothing of its code.

A text's vector is the mean of its tokens' vectors, as unit vector: what `wordllama` itself computes (a test compares).
Its own loader looks for the tokenizer in the wrong folder, would then download one, and imports a second's worth of
libraries; the two files are read here directly, so that there is no path on which anything is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from compass.ports.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from tokenizers import Tokenizer

    from compass.ports.knowledge import Vectors

NAME = "wordllama l2_supercat"
DIMENSIONS = 256
_PACKAGE = "wordllama"
_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_TENSOR = "embedding.weight"
_MAX_TOKENS = 512
"""More of a text adds little to a mean, and bounds what one text costs."""
_BATCH = 256


class WordLlama:
    """Implements `compass.ports.knowledge.Embedder`. The weights are mapped into memory, not read."""

    name = NAME
    dimensions = DIMENSIONS

    @cached_property
    def version(self) -> str:
        try:
            return version(_PACKAGE)
        except PackageNotFoundError as error:
            raise _missing() from error

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The mean of each text's token vectors as unit vector, float32, in batches, which bounds memory. A text
        without tokens is the zero vector, alike to nothing."""
        import numpy as np

        found = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [text or " " for text in texts[start : start + _BATCH]]
            for place, encoded in enumerate(self._tokenizer.encode_batch(batch, add_special_tokens=False), start):
                ids = np.minimum(encoded.ids, len(self._weights) - 1)
                if len(ids):
                    found[place] = self._weights[ids].astype(np.float32).mean(axis=0)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        found /= lengths
        return found

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(_file(_TOKENIZER)))
        tokenizer.enable_truncation(max_length=_MAX_TOKENS)
        return tokenizer

    @cached_property
    def _weights(self) -> npt.NDArray[np.float16]:
        """The table of vectors, (tokens, dimensions). The format: length of the header, header in JSON, raw tensors."""
        import numpy as np

        path = _file(_WEIGHTS)
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            tensor = json.loads(file.read(length))[_TENSOR]
        rows, columns = tensor["shape"]
        if tensor["dtype"] != "F16" or columns != DIMENSIONS:
            raise EmbeddingError(f"unexpected weights: {tensor['dtype']}, {columns} columns", where=_PACKAGE)
        offset = 8 + length + tensor["data_offsets"][0]
        return np.memmap(path, dtype="<f2", mode="r", offset=offset, shape=(rows, columns))


def _file(name: Path) -> Path:
    """A file of the package, which is not imported."""
    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / name).is_file():
            return path
    raise _missing()


def _missing() -> EmbeddingError:
    return EmbeddingError("its files are not installed", where=_PACKAGE, hint="pip install wordllama")
