"""The words: every language has every key, and what one lacks is shown in English."""

import pytest

import course_lib.words
from course_lib.words import FOLDER, everything, find, words

LANGUAGES = [folder.name for folder in FOLDER.iterdir() if folder.is_dir() and folder.name[0] not in "._"]


def keys(table: dict, above: str = "") -> set[str]:
    return {key for name, value in table.items() for key in (keys(value, f"{above}{name}.") if isinstance(value, dict) else {above + name})}


@pytest.fixture
def other_language(tmp_path, monkeypatch):
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx/l01.toml").write_text('[exercise.total]\nask = "Q {params}?"\n')
    for path in (FOLDER / "en").glob("*.toml"):
        (tmp_path / "en").mkdir(exist_ok=True)
        (tmp_path / "en" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(course_lib.words, "FOLDER", tmp_path)
    monkeypatch.setattr(course_lib.words, "language", "xx")
    everything.cache_clear()
    yield
    monkeypatch.undo()
    everything.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_key_of_english_and_no_other(language):
    own = {key for path in (FOLDER / language).glob("*.toml") for key in keys(course_lib.words.tomllib.loads(path.read_text("utf-8")))}
    english = keys(everything("en"))
    assert sorted(english - own) == [] and sorted(own - english) == []


def test_what_a_language_lacks_is_shown_in_english(other_language):
    assert words("exercise.total.ask", params=3) == "Q 3?"
    assert words("exercise.total.hint1") == "Four layers own parameters." and words("right") == "Right."
    assert find("exercise.total.no_such") is None


def test_words_that_are_nowhere_are_named():
    with pytest.raises(KeyError, match="no words under 'shown.no_such'"):
        words("no_such")
