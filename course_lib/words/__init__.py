"""Every word that the library shows: one TOML file a language, so that a translator needs no Python."""

import tomllib
from functools import cache
from pathlib import Path

language = "en"


@cache
def read_toml(name: str) -> dict:
    """One of the library's own data files: 'words/en.toml' has 'shown', 'mistake', and 'exercise' by name."""
    return tomllib.loads((Path(__file__).parents[1] / name).read_text(encoding="utf-8"))


def words(key: str, **values) -> str:
    """The words under a key in the current language, with the values filled in.

    >>> words("macs_batch", n=16), words("mistake.bias_one"), words("exercise.linear-first.ask")[:9]
    ('MACs per batch of 16', 'You gave the layer one bias. Every output channel has its own.', 'How many ')
    """
    found = read_toml(f"words/{language}.toml")
    for part in (key if "." in key else f"shown.{key}").split("."):
        found = found[part]
    return found.format(**values)


def named(size: str) -> str:
    """What a slider of this size is called: its words, or its own name where there are none.

    >>> named("conv2_kernel"), named("my_size")
    ('conv2 kernel', 'my size')
    """
    return read_toml(f"words/{language}.toml")["shown"].get(size, size.replace("_", " "))
