"""A stored picture, its alt text, and the text beside it say the same numbers."""

import re
from base64 import b64decode
from html import unescape
from typing import NamedTuple

import nbformat
import pytest
import record
from prose import numbers

LEAST = 2  # digits
ELSEWHERE = re.compile(r"[\d.]+ GB/s|output position \d+ of \d+|with padding \d+")  # a line's slope, a slider, the grid's own size


class Picture(NamedTuple):
    """A picture as it is stored: its cell, its alt text, its SVG, and the text of the same output."""

    where: str
    alt: str
    svg: str
    twin: str

    @property
    def drawn(self) -> str:
        return " | ".join(unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", self.svg))


def pictures() -> list[Picture]:
    found = []
    for path in record.find([]):
        for cell in nbformat.read(path, as_version=4).cells:
            for data in (output.data for output in cell.get("outputs", ()) if "data" in output):
                for image in re.findall(r"<img[^>]*>", data.get("text/html", "")):
                    alt, svg = re.search(r'alt="([^"]*)"', image)[1], re.search(r"svg\+xml;base64,([^\"]*)", image)[1]
                    where = f"{path.name}, cell {cell.id}"
                    found.append(Picture(where, unescape(alt), b64decode(svg).decode(), data["text/plain"]))
    return found


every_picture = pytest.mark.parametrize("picture", pictures(), ids=lambda picture: picture.where)


def long(text: str) -> set[float]:
    return {number.value for number in numbers(ELSEWHERE.sub("", text)) if number.digits >= LEAST}


def shortened(numbers_there: set[float]) -> set[float]:
    """What stands in a picture for a number that is too long for its column: 1.48 for 1,476,864."""
    return {float(f"{number / unit:.3g}") for number in numbers_there for unit in (1e3, 1e6, 1e9) if number >= unit}


def test_there_are_pictures():
    assert len(pictures()) > 20


@every_picture
def test_the_picture_names_itself_as_its_alt_text_does(picture):
    assert unescape(re.search(r'aria-label="([^"]*)"', picture.svg)[1]) == picture.alt
    assert picture.alt in picture.twin.replace("\n", " ")


MEMORY_CARD = re.compile(r"At the peak: ([^.]*)\. (.*backward holds.*)")


@every_picture
def test_every_number_of_the_alt_text_is_drawn_or_beside_it(picture):
    """A memory card's parts are areas: the next test."""
    known = long(picture.drawn) | long(picture.twin.replace(picture.alt, ""))
    alt = long(MEMORY_CARD.sub("", picture.alt))
    missing = {number for number in alt - known if not shortened({number}) & known}
    assert not missing, sorted(missing)


@pytest.mark.parametrize("picture", [one for one in pictures() if MEMORY_CARD.search(one.alt)], ids=lambda picture: picture.where)
def test_a_memory_cards_parts_add_up_to_its_peak(picture):
    """And what passes are the two gradients of its cause, with 8 bytes of the loss and its gradient."""
    parts, cause = ([number.value for number in numbers(text)] for text in MEMORY_CARD.search(picture.alt).groups())
    peak, unit = re.match(r"([\d.]+) ([kMG])B peak", picture.twin).groups()
    assert f"{sum(parts) / {'k': 1e3, 'M': 1e6, 'G': 1e9}[unit]:.3g}" == peak
    assert parts[-1] == sum(cause) + 8


@every_picture
def test_every_number_of_the_picture_is_said(picture):
    """But for the ticks of an axis."""
    if not picture.alt.startswith(("Line chart:", "Roofline:", "Dots:")):
        said = long(picture.twin)
        assert long(picture.drawn) <= said | shortened(said), sorted(long(picture.drawn) - said)
