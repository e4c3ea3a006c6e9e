"""Words that stand in for missing ones, so that the rest of a file is checked too."""

_BEGINNING = "__missing__"


def stand_in(holder: object) -> str:
    """Return a word for what is missing in a mapping, another one for each mapping."""
    return f"{_BEGINNING}{id(holder)}"


def is_stand_in(word: str) -> bool:
    return word.startswith(_BEGINNING)
