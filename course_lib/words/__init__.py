"""Every word that the library shows: one TOML file a language, so that a translator needs no Python."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

language = "en"


@cache
def read(language: str) -> dict[str, dict]:
    """The words of a language: 'shown', 'mistake', and 'exercise' by name."""
    return tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))


def words(key: str, **values) -> str:
    """The words under a key in the current language, with the values filled in.

    >>> words("macs_batch", n=16), words("mistake.bias_one"), words("exercise.linear-first.ask")[:9]
    ('MACs per batch of 16', 'You gave the layer one bias. Every output channel has its own.', 'How many ')
    """
    found = read(language)
    for part in (key if "." in key else f"shown.{key}").split("."):
        found = found[part]
    return found.format(**values)
