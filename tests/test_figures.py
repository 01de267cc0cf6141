"""The charts as geometry: what is drawn stands where its number says, and every text has its room, in any language, at any length."""

import hashlib
import math
import os
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.etree import ElementTree

import matplotlib
import pytest
from PIL import ImageFont

from course_lib import bars, chart
from course_lib.show import figures
from course_lib.show.svg import LIGHT
from course_lib.words import words

SVG = "{http://www.w3.org/2000/svg}"
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FONT = {bold: ImageFont.truetype(FONTS / f"DejaVuSans{'-Bold' * bold}.ttf", 100) for bold in (False, True)}  # a wide one, as fonts go
COUNT = re.compile(r"[\d,.]+(e\+\d+)?")


class Text(NamedTuple):
    text: str
    x: float  # where its anchor stands, and its line
    y: float
    size: float
    anchor: str
    bold: bool
    ink: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, top, bottom, in DejaVu Sans; a Chinese letter is as wide as high."""
        wide = sum(self.size if east_asian_width(a) in "WF" else FONT[self.bold].getlength(a) * self.size / 100 for a in self.text)
        left = self.x - wide * {"start": 0, "middle": 0.5, "end": 1}[self.anchor]
        return left, left + wide, self.y - 0.73 * self.size, self.y + 0.2 * self.size


class Shape(NamedTuple):
    points: list[tuple[float, float]]
    style: dict[str, str]

    @property
    def box(self) -> tuple[float, float, float, float]:
        (x, y) = zip(*self.points, strict=True)
        return min(x), max(x), min(y), max(y)


def ink(colour: str) -> str:
    """The palette's name of a colour; a colour of its own is an error."""
    return re.fullmatch(r"var\(--course-(\w+), #\w{6}\)|none", colour)[1] or "none"


class Drawing:
    """A chart's SVG as a reader of coordinates sees it: texts, bars, lines (thick), grid (thin), dots."""

    def __init__(self, figure):
        root = ElementTree.fromstring(figure.svg)
        self.width, self.height = float(root.get("width")), float(root.get("height"))
        self.texts, shapes, self.dots = [], [], []
        for element in root.iter():
            style = dict(part.split(": ") for part in element.get("style", "").split("; ") if part)
            if element.tag == f"{SVG}text":
                size, bold = float(style["font-size"].removesuffix("px")), style.get("font-weight") == "700"
                at = float(element.get("x")), float(element.get("y"))
                self.texts.append(Text(element.text or "", *at, size, style.get("text-anchor", "start"), bold, ink(style["fill"])))
            elif element.tag == f"{SVG}use":
                self.dots.append((float(element.get("x")), float(element.get("y")), ink(style["fill"])))
            elif element.tag == f"{SVG}path" and style.get("fill") and "C" not in element.get("d"):
                numbers = list(map(float, re.findall(r"-?[\d.]+(?:e-?\d+)?", element.get("d"))))
                shapes.append(Shape(list(zip(numbers[::2], numbers[1::2], strict=True)), style))
        self.bars = [shape for shape in shapes if ink(shape.style["fill"]) in ("blue", "orange")]
        stroked = [shape for shape in shapes if "stroke" in shape.style]
        self.lines = [shape for shape in stroked if float(shape.style["stroke-width"]) > 2]
        self.grid = sorted(shape.box[2] for shape in stroked if float(shape.style["stroke-width"]) < 1)
        self.ground = shapes[0].style["fill"]

    def __getitem__(self, text: str) -> Text:
        (one,) = [one for one in self.texts if one.text == text]
        return one

    def counts(self, **having) -> dict[float, Text]:
        """The texts that are numbers."""
        texts = [text for text in self.texts if all(getattr(text, name) == value for name, value in having.items())]
        return {float(text.text.replace(",", "")): text for text in texts if COUNT.fullmatch(text.text)}


def overlap(one, other) -> bool:
    (a, b, c, d), (e, f, g, h) = one, other
    return a < f and e < b and c < h and g < d


# Texts have their room ------------------------------------------------------------------------------------------------


def longer(text: str) -> str:
    return f"⟦{text}{'~' * math.ceil(len(text) / 2 - 2)}⟧"


def chinese(text: str) -> str:
    """As many squares as the letters are wide, so that a translation is hardly longer."""
    return "".join("卷积层的参数量"[i % 7] for i in range(math.ceil(len(text) * 0.6)))


CHARTS = {
    "bars": lambda say: bars(
        say("26,926 parameters, 92 % of them in fc1"), **{say("parameters"): {say("conv1"): 380, say("fully connected"): 24704}}
    ),
    "panels": lambda say: bars(
        say("Block 5 stores 47 % and does 15 % of the work, which the others do, and nobody else"),
        **{say(unit): {say(f"block {i}") + str(i): n * 10**i for i in range(1, 7)} for unit, n in (("parameters", 71), ("MACs", 943))},
    ),
}  # fmt: skip
every_chart = pytest.mark.parametrize("name", CHARTS)


@pytest.mark.parametrize("say", [str, longer, chinese])
@every_chart
def test_no_text_is_cut_off_and_none_stands_in_another(name, say, monkeypatch):
    monkeypatch.setattr(figures, "words", lambda key, **values: say(words(key, **values)))
    drawn = Drawing(CHARTS[name](say))
    for text in drawn.texts:
        left, right, top, bottom = text.box
        assert left >= 0 and right <= drawn.width and top >= 0 and bottom <= drawn.height, text
    for one, other in combinations(drawn.texts, 2):
        assert not overlap(one.box, other.box), (one, other)


@pytest.mark.parametrize("say", [str, longer, chinese])
@every_chart
def test_no_bar_hides_a_text(name, say):
    drawn = Drawing(CHARTS[name](say))
    shapes = [shape.box for shape in drawn.bars]
    assert not [text.text for text in drawn.texts for shape in shapes if overlap(text.box, shape)]


@every_chart
def test_every_text_is_large_enough_and_tells_by_the_palette(name):
    figure = CHARTS[name](str)
    drawn = Drawing(figure)
    assert drawn.width == 900 and all(text.size >= 18 for text in drawn.texts)
    assert re.findall(r"(?<!, )#[0-9a-f]{6}", figure.svg) == [], "a colour that the theme cannot change"
    used = dict(re.findall(r"var\(--course-(\w+), (#\w{6})\)", figure.svg))
    assert used.items() <= LIGHT.items() and ink(drawn.ground) == "paper"
    assert "font-family: " not in figure.svg and 'font-family="system-ui' in figure.svg, "the reader's fonts draw it"


def test_a_long_title_takes_another_line_and_loses_nothing():
    title = "Most of all that is stored is stored in the first of the two fully connected layers, and none of it is work"
    for said, between in ((title, " "), ("卷积层的参数量" * 8, ""), (longer(title), " ")):
        drawn = Drawing(bars(said, parameters={"conv1": 380}))
        written = sorted((text for text in drawn.texts if text.x == 8), key=lambda text: text.y)
        assert len(written) > 1 and between.join(text.text for text in written) == said
        assert all(b.y - a.y > 24 and a.x == b.x for a, b in pairwise(written))


# Bars -----------------------------------------------------------------------------------------------------------------


def test_bars_are_as_long_as_their_numbers_and_stand_beside_their_names():
    drawn = Drawing(bars("x", params={"a": 10, "b": 40, "c": 0}, MACs={"a": 3, "b": 2, "c": 1}))
    panels = drawn.bars[:3], drawn.bars[3:]
    for shapes, numbers in zip(panels, ([10, 40, 0], [3, 2, 1]), strict=True):
        left, longest = shapes[0].box[0], max(shape.box[1] for shape in shapes)
        assert longest - left > 300, "over the whole panel"
        for shape, number in zip(shapes, numbers, strict=True):
            x0, x1, top, bottom = shape.box
            assert x0 == left and x1 - x0 == pytest.approx((longest - left) * number / max(numbers), abs=0.01), "on one scale, from 0"
            text = next(text for text in drawn.texts if text.text == str(number) and text.x > x1 and top < text.y < bottom)
            assert 4 < text.x - x1 < 12 and text.anchor == "start", "the number at the bar's end"
    for name, shape in zip("abc", panels[0], strict=True):
        assert drawn[name].anchor == "end" and 4 < shape.box[0] - drawn[name].x < 16
        assert drawn[name].y == pytest.approx(drawn[str({"a": 10, "b": 40, "c": 0}[name])].y, abs=0.1), "on one line with its number"
    for shapes, unit in zip(panels, ("params", "MACs"), strict=True):
        assert drawn[unit].x == shapes[0].box[0] and drawn[unit].y < shapes[0].box[2]
    assert all(below.box[2] - above.box[3] > 8 for shapes in panels for above, below in pairwise(shapes))


def test_bars_mark_what_the_title_names_or_the_longest_also_without_colour():
    def marked(figure) -> list[bool]:
        drawn = Drawing(figure)
        orange = [ink(shape.style["fill"]) == "orange" for shape in drawn.bars]
        numbers = sorted(drawn.counts().values(), key=lambda text: (text.x > 450, text.y))
        assert [text.bold for text in numbers] == orange
        return orange

    numbers = {"block 1": 5, "block 2": 9, "block 10": 7}
    assert marked(bars("Block 1 stores least", parameters=numbers)) == [True, False, False]
    assert marked(bars("Most is stored late", parameters=numbers)) == [False, True, False]
    assert marked(bars("a beside b", parameters={"a": 1, "b": 2})) == [False, True], "all are named: the longest is marked"
    two = bars("most", parameters={"a": 1, "b": 2}, MACs={"a": 4, "b": 3})
    assert [ink(shape.style["fill"]) for shape in Drawing(two).bars] == ["blue", "orange", "orange", "blue"], "in each panel its own"


def test_bars_of_nothing_have_no_length():
    assert [shape.box[1] - shape.box[0] for shape in Drawing(bars("none", bytes={"a": 0, "b": 0})).bars] == [0, 0]


# Lines ----------------------------------------------------------------------------------------------------------------


def scale(drawn: Drawing):
    """From a number to a height, by the numbers at the lines across: each beside its line."""
    ticks = sorted(((n, text.y) for n, text in drawn.counts(anchor="end").items()), reverse=True)
    assert len(ticks) == len(drawn.grid) and all(0 < y - across < 10 for (_, y), across in zip(ticks, drawn.grid, strict=True))
    (top, bottom), most = (drawn.grid[0], drawn.grid[-1]), ticks[0][0]
    assert ticks[-1][0] == 0
    return lambda number: bottom - (bottom - top) * number / most


# The one mechanism ----------------------------------------------------------------------------------------------------

HASHES = """
import hashlib, sys
sys.path.insert(0, "tests")
from test_figures import CHARTS
for make in CHARTS.values():
    print(hashlib.sha256(make(str).bundle()["text/html"].encode()).hexdigest())
"""


def test_a_chart_has_the_same_bytes_in_every_process_and_few():
    found = set()
    for seed in "12":
        run = [sys.executable, "-c", HASHES]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        found.add(subprocess.run(run, capture_output=True, text=True, check=True, env=environment).stdout)
    here = "".join(f"{hashlib.sha256(make(str).bundle()['text/html'].encode()).hexdigest()}\n" for make in CHARTS.values())
    assert found == {here}
    assert max(len(make(str).svg) for make in CHARTS.values()) < 10_000


@every_chart
def test_a_chart_is_the_courses_whatever_the_readers_settings_are(name):
    usual = CHARTS[name](str).svg
    with matplotlib.rc_context({"font.size": 5, "figure.facecolor": "black", "axes.labelpad": 30, "svg.fonttype": "path"}):
        assert CHARTS[name](str).svg == usual
        assert matplotlib.rcParams["font.size"] == 5


def test_what_a_reader_draws_is_shown_the_same_way():
    import matplotlib.pyplot as plt

    def drawn(of=lambda fig, ax: fig):
        fig, ax = plt.subplots(figsize=(6.4, 3.4))
        ax.plot([1, 2, 3], [1, 4, 9], marker="o")
        ax.set(title="平方", xlabel="n", ylabel="MB")
        return chart(of(fig, ax), 'Line chart: "squares" & more', ("n", [1, 2, 3]), ("MB", [1, 4, 9000.5]), ("of", ["a", "b", "c"]))

    figure = drawn()
    assert plt.get_fignums() == [], "it shows once"
    assert figure.svg == drawn(lambda fig, ax: ax).svg, "its axes will do"
    root = ElementTree.fromstring(figure.svg)
    assert {"平方", "n", "MB"} <= {text.text for text in root.iter(f"{SVG}text")} and root.get("aria-label") == figure.alt
    assert float(root.get("width")) == 6.4 * 72 and "metadata" not in figure.svg and "Date" not in figure.svg
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", figure.svg)] + [
        float(size) for size in re.findall(r"font: ([\d.]+)px", figure.svg)
    ]
    assert sizes and min(sizes) * figures.WIDTH / (6.4 * 72) > 18, "matplotlib's own text is large enough"
    bundle = figure.bundle()
    assert bundle["text/plain"].splitlines() == [figure.alt, "n       MB  of", "1        1   a", "2        4   b", "3  9,000.5   c"]
    assert '<img alt="Line chart: &quot;squares&quot; &amp; more" width="900"' in bundle["text/html"]
    assert "9,000.5</td>" in bundle["text/html"]
    with pytest.raises(ValueError, match="shorter"):
        chart(plt.figure(), "x", ("a", [1, 2]), ("b", [1]))
    plt.close("all")


@pytest.mark.parametrize("reach", [(2, 90), (0.1, 1000), (3, 8)])
def test_powers_along_an_axis_are_numbers_and_no_formula(reach):
    """However far it reaches, as what a clock measures: no tick shows what matplotlib would have set a power from."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(6.4, 3.4))
    ax.loglog(reach, reach, "o")
    svg = chart(fig, "Dots: two of them.", ("x", reach), ("y", reach)).svg
    assert "mathdefault" not in svg and "$" not in svg and re.search(r">(?:10|[2-9])<|10</tspan>", svg)


def test_figures_draw_what_they_are_given_or_say_why_not():
    mixed = bars("x", p={"a": 10, "b": 30}, m={"b": 20, "a": 1})
    assert mixed.bundle()["text/plain"].splitlines()[2:] == ["a     10   1", "b     30  20"]
    assert bars("x", p={"a": 10, "b": 30}, m={"a": 1, "b": 20}).svg == mixed.svg
    for wrong, says in (
        (lambda: bars("x"), "give numbers by name"),
        (lambda: bars("x", p={}), "give numbers by name"),
        (lambda: bars("x", p={"a": 1}, m={"b": 1}), "m has other names than p"),
        (lambda: bars("x", p={"a": -1}), "a is below 0"),
        (lambda: bars("x", p=[1, 2]), "give numbers by name"),
        (lambda: bars("x", p=380), "give numbers by name"),
    ):
        with pytest.raises(ValueError, match=says):
            wrong()


def test_chinese_names_and_titles_are_text_and_their_numbers_stand_in_line(recwarn):
    figure = bars("全连接层占了参数", 参数量={"卷积层": 380, "fc1": 24704})
    drawn = Drawing(figure)
    assert sorted(text.text for text in drawn.texts) == sorted(["全连接层占了参数", "卷积层", "fc1", "参数量", "380", "24,704"])
    assert figure.bundle()["text/plain"].splitlines()[1:] == ["what    参数量", "卷积层     380", "fc1     24,704"]
    assert drawn.bars[0].box[0] > 3 * 18, "as wide as three Chinese letters"
    assert not recwarn


def test_a_figures_names_are_numbers_or_any_text():
    batches = bars("x", bytes={16: 1, 8: 2})  # a name that is a number is no place on an axis
    assert batches.svg == bars("x", bytes={"16": 1, "8": 2}).svg and "16        1" in batches.bundle()["text/plain"]
    cost = "$1^$"  # nor is it a formula
    assert cost in bars(cost, **{cost: {cost: 1}}, b={cost: 2}).svg


def test_a_unit_may_be_called_as_the_names_are():
    assert bars("x", what={"a": 1}).table.rows == [["a", "1"]] == bars("x", unit={"a": 1}).table.rows


def test_a_chart_may_have_no_title():
    assert bars("", parameters={"conv1": 380}).alt == "Bar chart: . conv1 380 parameters."
