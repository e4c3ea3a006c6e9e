"""YAML as papermatrix reads it: the core schema of YAML 1.2, where `1e-4` is a number and `off` a word."""

from __future__ import annotations

import re
from typing import Any

import yaml

from jobkit.files import LARGEST

_TAG = "tag:yaml.org,2002:"
_WORDS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        [*"-+.0123456789"],
    ),
}
"""The words of each kind of value, and the characters that they begin with."""


def parse(text: str | bytes) -> Any:
    """The text's plain values; yaml.YAMLError, ValueError or RecursionError where it is something else."""
    return yaml.load(text, Loader=_Loader)  # a SafeLoader with fewer kinds of value


class _Loader(yaml.SafeLoader):
    """Knows the kinds of value above, words, lists and mappings, and no other tag."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key that is not a word", key.start_mark
                )
            if key.value in seen:
                problem = f"{key.value} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        text = node.value.lower()
        if node.tag == f"{_TAG}float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
        try:
            number = int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        except ValueError:  # Python reads no number of thousands of digits
            number = LARGEST
        if abs(number) >= LARGEST:
            problem = f"a whole number of more than 64 bits; expected one below {LARGEST}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return number


_Loader.yaml_implicit_resolvers = {}
for _kind, (_words, _first) in _WORDS.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"^(?:{_words})$"), _first)
_kept = ("null", "bool", "str", "seq", "map")
_Loader.yaml_constructors = {
    **{f"{_TAG}{kind}": yaml.SafeLoader.yaml_constructors[f"{_TAG}{kind}"] for kind in _kept},
    f"{_TAG}int": _Loader.construct_number,
    f"{_TAG}float": _Loader.construct_number,
    None: yaml.SafeLoader.yaml_constructors[None],
}
