"""Charts that stand still: the message in the title, the numbers as a twin, and text that the reader's browser draws in any language."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise

from course_lib.show.svg import box, colour, image, label, picture
from course_lib.show.tables import Shown, Table, columns, digits
from course_lib.words import words

WIDTH, SIZE = 900, 18  # px, of a chart and of its text
LINES = ("orange", "blue", "green", "ink")


@dataclass(frozen=True, repr=False)
class Figure(Shown):
    """A drawn chart, what it shows in words, and its numbers."""

    svg: str
    alt: str
    table: Table

    def bundle(self) -> dict[str, str]:
        twin = f"<details><summary>{escape(words('numbers'))}</summary>{self.table.html()}</details>"
        return {"text/html": image(self.svg, self.alt, str(WIDTH)) + twin, "text/plain": f"{self.alt}\n{self.table.text()}"}


def _names(what: str, values: dict[str, dict]) -> list:
    """The names that all units share, or an error that says what is amiss."""
    names = list(next(iter(values.values()), ())) if all(isinstance(numbers, dict) for numbers in values.values()) else []
    if not names:
        raise ValueError(words("chart.by_name", chart=what))
    for unit, numbers in values.items():
        if set(numbers) != set(names):
            other = ", ".join(map(str, set(numbers) ^ set(names)))
            raise ValueError(words("chart.other_names", chart=what, unit=unit, first=next(iter(values)), names=other))
        if lowest := [name for name in names if min(numbers[name] if what == "lines" else [numbers[name]], default=0) < 0]:
            raise ValueError(words("chart.below_0", chart=what, name=lowest[0]))
    return names


def _wide(text: object, size: float = SIZE) -> float:
    """Pixels that a text takes at most: which font draws it, the reader's machine decides. A Chinese letter is square."""
    text = str(text)
    return size * (0.7 * len(text) + 0.35 * (columns(text) - len(text)))


def _title(title: str) -> str:
    """The title, smaller where it is long."""
    return label(8, 28, title, min(22, round(22 * (WIDTH - 16) / _wide(title or " ", 22))), anchor="start", bold=True)


def _frame(title: str, unit: str, along: str, left: float, right: float, heights: dict[float, float]) -> list[str]:
    """The title, both axes' units, and a line across at each number's height."""
    parts = [_title(title), label(8, 62, unit, SIZE, "quiet", "start"), label((left + right) / 2, 392, along, SIZE, "quiet")]
    for number, y in heights.items():
        parts += [box(left, y, right - left, 1, "line"), label(left - 8, y + 6, f"{number:,.15g}", SIZE, anchor="end")]
    return parts


def bars(title: str, /, **values: dict[str, int]) -> Figure:
    """One bar a name, its number at its end; one panel a unit, all of the same names: parameters={'conv1': 380, …}.

    >>> bars("Most parameters sit in fc1", parameters={"conv1": 380, "fc1": 24704})
    Bar chart: Most parameters sit in fc1. conv1 380, fc1 24,704 parameters.
    what   parameters
    conv1         380
    fc1        24,704
    """
    names, pitch = _names("bars", values), 42
    top, left = 78, 20 + max(map(_wide, names))
    meant = [name for name in names if re.search(rf"(?<!\w){re.escape(str(name))}(?!\w)", title, re.IGNORECASE)]
    parts = [_title(title)] + [label(left - 10, top + pitch * i + 27, str(name), SIZE, anchor="end") for i, name in enumerate(names)]
    panel = (WIDTH - left) / len(values)
    for x, (unit, numbers) in zip((left + panel * i for i in range(len(values))), values.items(), strict=True):
        most, room = max(numbers.values()) or 1, panel - 20 - max(_wide(f"{number:,}") for number in numbers.values())
        parts.append(label(x, 66, unit, SIZE, "quiet", "start"))
        for i, name in enumerate(names):
            number, y = numbers[name], top + pitch * i
            length = room * number / most
            marked = name in meant if 0 < len(meant) < len(names) else number == most  # what the title names, or else the longest
            parts.append(box(x, y + 6, length, 30, "orange" if marked else "blue"))
            parts.append(label(x + length + 8, y + 27, f"{number:,}", SIZE, anchor="start"))
    said = "; ".join(f"{', '.join(f'{name} {numbers[name]:,}' for name in names)} {unit}" for unit, numbers in values.items())
    alt = words("bars_alt", title=title, said=said)
    rows = [[str(name), *(f"{numbers[name]:,}" for numbers in values.values())] for name in names]
    return Figure(picture(WIDTH, top + pitch * len(names) + 12, parts, alt), alt, Table([f"<{words('what')}", *values], rows))


def _ticks(top: float) -> list[float]:
    """Round numbers from 0 up to the first that is not below the top, six at most.

    >>> _ticks(62), _ticks(0.3)
    ([0, 20, 40, 60, 80], [0.0, 0.1, 0.2, 0.3])
    """
    power = math.floor(math.log10(top)) - 1 if top else 0
    step = next(step for step in (1, 2, 5, 10, 20, 50) if step * 10.0**power * 5 >= top * (1 - 1e-9))
    count = math.ceil(top / (step * 10.0**power) - 1e-9) or 1
    return [step * i * 10**power if power >= 0 else step * i / 10**-power for i in range(count + 1)]


def _crossings(places: Sequence[float], one: Sequence[float], other: Sequence[float]) -> list[tuple[float, float]]:
    """Where two lines change sides, as (place, height).

    >>> _crossings([1, 2, 3], [5, 5, 5], [3, 6, 9])
    [(1.6666666666666665, 5.0)]
    """
    gaps, found = [a - b for a, b in zip(one, other, strict=True)], []
    for i, j in pairwise(i for i, gap in enumerate(gaps) if gap):  # further apart than 1 where the lines meet at a place
        if (gaps[i] < 0) != (gaps[j] < 0):
            part = gaps[i] / (gaps[i] - gaps[i + 1])
            found.append(tuple(float(ends[i] + part * (ends[i + 1] - ends[i])) for ends in (places, one)))
    return found


def lines(title: str, along: str, places: Sequence[int], /, **values: dict[str, Sequence[int]]) -> Figure:
    """One line a name over the places along the axis, its name at its end, and a dot where two lines cross.

    >>> lines("Kept passes stored", "batch", [1, 2, 3], bytes={"stored": [5, 5, 5], "kept": [3, 6, 9]})
    Line chart: Kept passes stored. stored 5 to 5, kept 3 to 9 bytes, for batch 1 to 3.
    batch  stored  kept
        1       5     3
        2       5     6
        3       5     9
    """
    names, (unit, series) = _names("lines", values), next(iter(values.items()))
    if len(values) > 1 or len(names) > len(LINES):
        raise ValueError(words("chart.too_many"))
    if wrong := [name for name in names if len(series[name]) != len(places)]:
        raise ValueError(words("chart.places", name=wrong[0], given=len(series[wrong[0]]), places=len(places)))
    if list(places) != sorted(set(places)) or len(places) < 2:
        raise ValueError(words("chart.rising", places=list(places)))
    ticks = _ticks(max(map(max, series.values())))
    left, right, top, bottom = 20 + max(_wide(f"{tick:,.15g}") for tick in ticks), WIDTH - 20 - max(map(_wide, names)), 84, 340

    def x(place: float) -> float:
        return left + (right - left) * float(place - places[0]) / float(places[-1] - places[0])

    def y(number: float) -> float:
        return bottom - (bottom - top) * float(number) / ticks[-1]

    parts, taken = _frame(title, unit, along, left, right, {tick: y(tick) for tick in ticks}), -math.inf
    for place in places:  # those that have room
        if x(place) - _wide(f"{place:,}") / 2 > taken:
            parts.append(label(x(place), 364, f"{place:,}", SIZE))
            taken = x(place) + _wide(f"{place:,} ") / 2
    free = bottom + 24.0  # what is below the names that stand already, from the lowest up
    for name, ink in sorted(zip(names, LINES, strict=False), key=lambda named: series[named[0]][-1]):
        points = " ".join(f"{x(place):.1f},{y(number):.1f}" for place, number in zip(places, series[name], strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour(ink)}" stroke-width="3"/>')
        free = min(y(series[name][-1]) + 6, free - 22)
        parts.append(label(right + 10, free, str(name), SIZE, ink, "start"))
    for one, other in combinations(series.values(), 2):
        dots = _crossings(places, one, other)
        parts += [f'<circle cx="{x(at):.1f}" cy="{y(height):.1f}" r="6" fill="{colour("ink")}"/>' for at, height in dots]
    ends = ", ".join(f"{name} {numbers[0]:,} to {numbers[-1]:,}" for name, numbers in series.items())
    alt = words("lines_alt", title=title, ends=ends, unit=unit, along=along, first=places[0], last=places[-1])
    rows = [[f"{place:,}", *(f"{numbers[i]:,}" for numbers in series.values())] for i, place in enumerate(places)]
    return Figure(picture(WIDTH, 404, parts, alt), alt, Table([along, *map(str, series)], rows))


def roofline(title: str, most: float, bandwidth: float, points: dict[str, tuple[float, float]], /) -> Figure:
    """Dots at (FLOPs for each byte, GFLOPS) under two roofs: the most GFLOPS, and GB/s times FLOPs for each byte; both axes by tens.

    Source: Williams, Waterman and Patterson, "Roofline", 2009.

    >>> roofline("The Linear layer waits for memory", 100, 20, {"conv": (166, 90), "Linear": (0.5, 9)})
    Roofline: The Linear layer waits for memory. 100 GFLOPS and 20 GB/s at most; conv 90 GFLOPS, Linear 9 GFLOPS.
    what    FLOPs per byte  GFLOPS  roof there
    conv               166      90         100
    Linear             0.5       9          10
    """
    if min([most, bandwidth, *(number for point in points.values() for number in point)], default=0) <= 0:
        raise ValueError(words("chart.roofline"))
    roofs = {name: min(most, bandwidth * per_byte) for name, (per_byte, _) in points.items()}
    spans = []
    for numbers in ([per_byte for per_byte, _ in points.values()] + [most / bandwidth], [rate for _, rate in points.values()] + [most]):
        spans.append((math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers) * 1.01))))
    (first, last), (low, high) = spans
    left, right, top, bottom = 90, WIDTH - 40, 84, 340

    def x(per_byte: float) -> float:
        return left + (right - left) * (math.log10(per_byte) - first) / (last - first)

    def y(rate: float) -> float:
        return bottom - (bottom - top) * (math.log10(rate) - low) / (high - low)

    parts = _frame(title, "GFLOPS", words("per_byte"), left, right, {10.0**power: y(10**power) for power in range(low, high + 1)})
    parts += [label(x(10.0**power), 364, f"{10.0**power:,.15g}", SIZE) for power in range(first, last + 1)]
    knee, start = most / bandwidth, max(10.0**first, 10.0**low / bandwidth)
    corners = [(start, bandwidth * start), (knee, most), (10.0**last, most)]
    roof = " ".join(f"{x(per_byte):.1f},{y(rate):.1f}" for per_byte, rate in corners)
    parts.append(f'<polyline points="{roof}" fill="none" stroke="{colour("ink")}" stroke-width="3"/>')
    taken = 0.0
    parts.append(label(x((start * knee) ** 0.5) - 12, y(bandwidth * (start * knee) ** 0.5) - 6, words("memory_roof"), SIZE, "quiet", "end"))
    parts.append(label(x((knee * 10.0**last) ** 0.5), y(most) - 12, words("processor_roof"), SIZE, "quiet"))
    for name, (per_byte, rate) in sorted(points.items(), key=lambda point: -point[1][1]):  # each name below its dot, and below the last
        taken, right_half = max(y(rate) + 26, taken + 22), x(per_byte) > (left + right) / 2
        ink = "orange" if rate < roofs[name] / 4 else "blue"
        parts.append(f'<circle cx="{x(per_byte):.1f}" cy="{y(rate):.1f}" r="8" fill="{colour(ink)}"/>')
        parts.append(label(x(per_byte) + (-36 if right_half else 8), taken, name, SIZE, anchor="end" if right_half else "start"))
    said = ", ".join(f"{name} {digits(rate)} GFLOPS" for name, (_, rate) in points.items())
    alt = words("roofline_alt", title=title, most=digits(most), bandwidth=digits(bandwidth), said=said)
    rows = [[name, digits(per_byte), digits(rate), digits(roofs[name])] for name, (per_byte, rate) in points.items()]
    return Figure(picture(WIDTH, 404, parts, alt), alt, Table([f"<{words('what')}", words("per_byte"), "GFLOPS", words("roof")], rows))
