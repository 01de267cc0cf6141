"""Every word that the library shows: one TOML file a language, so that a translator needs no Python."""

import tomllib
from functools import cache
from pathlib import Path

language = "en"


@cache
def read_toml(name: str) -> dict:
    """One of the library's own data files: 'words/en.toml' has 'shown', 'slip', and 'exercise' by name."""
    return tomllib.loads((Path(__file__).parents[1] / name).read_text(encoding="utf-8"))


def words(key: str, **values) -> str:
    """The words under a key in the current language, with the values filled in.

    >>> words("macs_batch", n=16), words("slip.plus", part="the bias"), words("exercise.total.ask")[:9]
    ('MACs per batch of 16', 'Does not belong in it: the bias.', 'How many ')
    """
    found = read_toml(f"words/{language}.toml")
    for part in (key if "." in key else f"shown.{key}").split("."):
        found = found[part]
    return found.format(**values)


def find(key: str) -> str | None:
    """The words under a key as they stand, unfilled; None where there are none.

    >>> find("slip.plus"), find("slip.no-such-slip")
    ('Does not belong in it: {part}.', None)
    """
    found = read_toml(f"words/{language}.toml")
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def named(size: str) -> str:
    """What a slider of this size is called: its words, or its own name where there are none.

    >>> named("conv2_kernel"), named("my_size")
    ('conv2 kernel', 'my size')
    """
    return read_toml(f"words/{language}.toml")["shown"].get(size, size.replace("_", " "))
