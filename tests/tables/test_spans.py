from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.tables.spans import packed, unpacked


@given(st.lists(st.text(max_size=70), max_size=12))
def test_packed_ids_are_the_same_ids(ids: list[str]) -> None:
    assert list(unpacked(packed(ids))) == ids


@pytest.mark.parametrize(("ids", "kind"), [(["ab", "0123456789abcdef"], "S"), (["é"], "O"), (["a\0"], "O")])
def test_only_plain_ids_are_packed(ids: list[str], kind: str) -> None:
    assert packed(ids).dtype.kind == kind
    assert np.asarray(packed(["x" * 65])).dtype.kind == "O"
