"""Scales are read by both packages, which share no code."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from beamfusion.plain_yaml import parse
from jobkit.errors import UserError
from jobkit.yaml12 import parse_yaml

WORDS = st.text("0123456789.+-eExobnulltraisyf~<_", max_size=8)
VALUES = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@given(values=st.dictionaries(st.text("abc.", min_size=1), VALUES, max_size=3))
def test_a_scale_reads_as_papermatrix_reads_it(values: dict[str, Any]) -> None:
    def written(value: Any) -> str:
        return value if isinstance(value, str) else f"[{', '.join(written(item) for item in value)}]"

    text = "".join(f"{key}: {written(value)}\n" for key, value in values.items())
    try:
        expected = parse_yaml(text, "scale.yaml").content
    except UserError:
        with pytest.raises((yaml.YAMLError, ValueError)):
            parse(text)
    else:
        assert repr(parse(text)) == repr(expected)  # repr, because nan differs from itself
