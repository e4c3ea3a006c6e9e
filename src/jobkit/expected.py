"""What a pydantic model expected, in words, by the kind of its error."""

from pydantic_core import ErrorDetails

EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "dataclass_type": "a mapping",
    "dataclass_exact_type": "a mapping",
    "finite_number": "a finite number",
    "none_required": "nothing",
    "string_too_short": "some text",
    "too_short": "at least one",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "string_pattern_mismatch": "small letters, digits and underscores",
}


def expected(details: ErrorDetails) -> str:
    """Return what was expected; of a kind that no model here has, in pydantic's own words."""
    if details["type"] in EXPECTED:
        return EXPECTED[details["type"]].format(**details.get("ctx", {}))
    return details["msg"].partition(", ")[0].removeprefix("Input should be ")


def message(details: ErrorDetails) -> str:
    """Return what is wrong in words, without the nearest right one."""
    if details["type"] in ("missing", "missing_argument"):
        return "missing"
    if details["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return "unknown key"
    return details["msg"] if details["type"] == "value_error" else f"expected {expected(details)}"
