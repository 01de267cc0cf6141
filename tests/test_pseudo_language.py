"""The course in a language that nobody speaks: each word of words/ in ⟦…⟧ and half as long again.

The same answers get the same verdicts, so nothing decides by a text that is shown; and what is left outside of the brackets is a name
or a number, so no English stands in the code. What fits into pictures is judged in test_geometry.py and test_figures.py.
"""

import builtins
import re
import sys
from html import unescape

import pytest
import torch
from drawn import layer_and_input
from torch import nn

import course_lib
import course_lib.words
from course_lib import compare, count, layer_card, memory_card, network_card, reconcile, small_cnn, timeline, vgg16_32
from course_lib.asking.exercises import EXERCISES, check, practice, reveal, vote
from course_lib.by_hand.conventions import CONVENTIONS
from course_lib.by_hand.layers import LAYERS
from course_lib.by_hand.ledger import Ledger
from course_lib.by_hand.memory import DTYPES, OPTIMIZERS
from course_lib.by_machine.measuring import compare_memory
from course_lib.by_machine.misfit import Misfit

ENGLISH = course_lib.words.everything("en")
PLACE = re.compile(r"(\{[^{}]*\})")  # where a value stands in a text
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[A-Za-z_][\w.-]*[A-Za-z]{2}[\w-]*")


def stretched(text: str) -> str:
    """A text in brackets and half as long again, but for the values in it."""
    pieces = [piece for piece in PLACE.split(text) if piece]
    return "".join(piece if PLACE.fullmatch(piece) else f"⟦{piece}{'~' * (len(piece) // 2)}⟧" for piece in pieces)


def pseudo(part):
    if isinstance(part, dict):
        return {key: pseudo(value) for key, value in part.items()}
    return [pseudo(value) for value in part] if isinstance(part, list) else stretched(part) if isinstance(part, str) else part


def forget() -> None:
    """What the library has remembered in a language."""
    for module in [module for name, module in sys.modules.items() if name.startswith("course_lib")]:
        for value in vars(module).values():
            if hasattr(value, "cache_clear") and value.__module__.startswith("course_lib"):
                value.cache_clear()


@pytest.fixture
def pseudo_language(monkeypatch):
    strange = pseudo(ENGLISH)
    forget()
    monkeypatch.setattr(course_lib.words, "everything", lambda code: strange)
    yield
    monkeypatch.undo()
    forget()


NAMES = {*dir(builtins), *dir(torch), *dir(nn), *dir(nn.functional), *dir(torch.Tensor), *LAYERS, *DTYPES, *EXERCISES, *CONVENTIONS}
NAMES |= {*course_lib.__all__, *small_cnn(batch_norm=True, global_pool=True).layers, *vgg16_32().layers, *OPTIMIZERS, "torchinfo"}
NAMES |= {"MiB", "kiB", "parameters", "numel", "import", "def", "return", "for", "and", "not", "lambda"}
NAMES |= {"model", "MAC", "FLOP", "post20221221"}  # the root of a model's paths; terms; a version
NAMES |= {"nearest", "nearest-exact", "bilinear", "bicubic", "reflect", "replicate", "valid", "same"}  # arguments of layers
NAMES |= {name for exercise in EXERCISES.values() for name in getattr(exercise, "argument_names", ())} | {"function"}  # a type


def english(*texts: str) -> list[str]:
    """The words outside of all brackets that are no names."""
    left = BRACKETED.sub(" ", "\n".join(texts))
    words = {part for word in WORD.findall(left) for part in word.split(".")}
    return sorted(word for word in words if word not in NAMES and not any(word in name.split() for name in NAMES))


def visible(html: str) -> str:
    """What a reader sees of HTML, and hears of its pictures."""
    alts = " ".join(re.findall(r'(?:alt|aria-label)="([^"]*)"', html))
    return unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S) + " " + alts)


def test_the_brackets_find_english():
    assert stretched("not {value}, but {other}") == "⟦not ~~⟧{value}⟦, but ~~~⟧{other}"
    assert english("⟦one two~~~⟧ conv1 Conv2d 5→12, no bias") == ["bias"] and english("⟦a⟧ stride 2") == []  # PyTorch's own word
    assert visible('<p class="big">26,926</p><img alt="a map">').split() == ["26,926", "a", "map"]


@pytest.mark.parametrize("kind", sorted(set(LAYERS) - {"LazyLinear"}))
def test_a_layers_row(pseudo_language, kind):
    for seed in range(12):
        layer, shape = layer_and_input(kind, seed)
        assert english(repr(Ledger([layer.row("conv1", shape)]))) == [], layer
        bracketed = re.findall(r"\b(stride|padding|dilation|groups|heads|layers|to|bias)\b", BRACKETED.sub("", layer.detail))
        assert not bracketed, (layer, layer.detail)


def test_tables(pseudo_language):
    tables = [small_cnn(batch_norm=True).ledger(), timeline(small_cnn(), 2), compare(small_cnn())]
    tables += [compare_memory(small_cnn(), 2), reconcile(small_cnn(), tools=["torch", "torchinfo", "fvcore"])]
    for table in tables:
        assert "⟦" in repr(table) and english(repr(table), visible(table.table().html() if hasattr(table, "table") else table.html())) == []


class Odd(nn.Module):
    """A model of which there is much to be said."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)
        self.bn1, self.fc1, self.fc2 = nn.BatchNorm2d(4), nn.Linear(6, 2), nn.Linear(3, 3)
        self.layers = [nn.Conv2d(4, 4, 1)]

    def forward(self, x):
        x = self.layers[0](self.bn1(self.conv2(self.conv2(self.conv1(x)))))
        x = nn.functional.dropout(x, 0.5)
        return self.fc1(x if self.training else x * 1)


def test_what_is_said_of_a_model(pseudo_language):
    comparison = compare(Odd(), (1, 3, 8, 8))
    assert len(comparison.warnings) > 2 and set(english(repr(comparison))) <= {"Odd", "layers"}  # the names in this class
    rows = {row.name: row.note for row in count(Odd(), (1, 3, 8, 8))}
    assert rows["fc2"].startswith("⟦")
    with pytest.raises(Misfit) as failed:
        count(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(100, 2)), (1, 3, 8, 8))
    assert english(str(failed.value), repr(failed.value.ledger)) == []


def test_cards(pseudo_language):
    cards = [network_card(), network_card(vgg16_32, machine=True), layer_card(), memory_card()]
    cards.append(network_card(layout="projector", machine=True))
    for card in cards:
        html = [part.value for part in everything_in(card) if isinstance(getattr(part, "value", None), str) and "<" in part.value]
        labels = [part.description for part in everything_in(card) if getattr(part, "description", "")]
        text = card._repr_mimebundle_()[0]["text/plain"]
        code = re.compile(r'<p class="code">.*?</p>', re.S)  # a line of Python
        assert english(text, *labels, *(visible(code.sub("", part)) for part in html)) == []


def everything_in(widget) -> list:
    return [widget, *(part for child in getattr(widget, "children", ()) for part in everything_in(child))]


def guesses(exercise) -> list:
    """Numbers that people give: what each slip makes, and what no slip makes."""
    slips = exercise.slips() if hasattr(exercise, "slips") else []
    outcomes = [exercise.outcome(slip) for slip in slips]
    return [outcome for outcome in outcomes if outcome is not None] + [exercise.truth, exercise.truth + 0.123] if slips else []


def test_verdicts_are_the_same_and_no_english_is_left(monkeypatch, pseudo_language):
    strange = course_lib.words.everything
    diagnoses = {}
    for language in (lambda code: ENGLISH, strange):
        monkeypatch.setattr(course_lib.words, "everything", language)
        forget()
        diagnoses[language] = {
            (name, guess): found and (found.slips, found.is_answer)
            for name, exercise in EXERCISES.items()
            for guess in guesses(exercise)
            for found in [exercise.judge(guess)]
        }
    assert diagnoses[strange] == next(iter(diagnoses.values())) and len(diagnoses[strange]) > 1000
    for name, exercise in EXERCISES.items():
        replies = [check(name), *(check(name, hint=degree) for degree in (1, 2)), check(name, lambda *_: 3), check(name, small_cnn())]
        replies += [check(name, guess) for guess in guesses(exercise)[:6]]
        if guesses(exercise):
            replies += [reveal(name, guess) for guess in guesses(exercise)[-2:]] + [vote(name, reveal=True).text()]
        if exercise.vary:
            replies += [check(name, variant=3), check(name, exercise.variant(3).truth, variant=3), practice(name)]
        assert all("⟦" in reply for reply in replies) and english(*map(str, replies)) == [], name
