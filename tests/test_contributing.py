"""What CONTRIBUTING.md says about adding an exercise, done as it says."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_an_exercise_is_added_as_contributing_says(tmp_path):
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Adding an exercise")[1].split("\n## ")[0]
    blocks = [textwrap.dedent(block) for block in re.findall(r"```(?:python|toml)\n(.*?)\n *```", section, re.S)]
    shutil.copytree(ROOT / "course_lib", tmp_path / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name, block in zip(("lessons/l01.py", "words/en/l01.toml"), blocks, strict=True):
        assert f"`course_lib/{name}`" in section
        with (tmp_path / "course_lib" / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{block}\n")
    tried = """
from course_lib import check, practice
for answer, other in ((290, {}), (280, {}), (1970, {}), (..., {}), (..., {"variant": 3})):
    print(check("thin-kernel", answer, **other))
print(check())
"""
    said = subprocess.run([sys.executable, "-c", tried], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[:6] == [
        "Right.",
        "7·4·10 + 10.",
        "Not yet.",
        "Left out: the biases.",
        "Not yet.",
        "The kernel is 7 high and 1 wide: 7 cells.",
    ]
    assert said[6] == "How many parameters does Conv2d(4, 10, (7, 1)) have?" and "(7, 1)" not in said[8]
    assert any(line.startswith("thin-kernel: Left out: the biases.") for line in said)


def test_a_card_is_added_as_contributing_says(tmp_path):
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Adding a card")[1].split("\n## ")[0]
    code, table = (textwrap.dedent(block) for block in re.findall(r"```(?:python|toml)\n(.*?)\n *```", section, re.S))
    shutil.copytree(ROOT / "course_lib", tmp_path / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "course_lib/cards/linear.py").write_text(f"{code}\n", encoding="utf-8")
    heading, line = table.split("\n", 1)
    for name, old, new in (
        ("words/en/common.toml", f"{heading}\n", f"{heading}\n{line}\n"),
        (
            "__init__.py",
            "    from course_lib.cards.memory import",
            "    from course_lib.cards.linear import linear_card\n    from course_lib.cards.memory import",
        ),
        ("__init__.py", '    "cards.memory":', '    "cards.linear": ("linear_card",),\n    "cards.memory":'),
    ):
        path = tmp_path / "course_lib" / name
        assert path.read_text(encoding="utf-8").count(old) == 1
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    tried = """
from course_lib import linear_card
card = linear_card(out_features=10)
card.set(in_features=48, bias=False)
print(card.code)
print(card._shown.value)
print(card.controls["out_features"].max, card._repr_mimebundle_()[0]["text/plain"])
for wrong in ({"depth": 3}, {"bias": 3}, {"in_features": 10**9}):
    try:
        linear_card(**wrong)
    except (TypeError, ValueError) as error:
        print(error)
"""
    output = subprocess.run([sys.executable, "-c", tried], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert output[0] == "linear_card(in_features=48, out_features=10, bias=False)"
    assert '<span class="big">480</span>' in output[1] and 'width="12.0" height="2.5"' in output[1]
    assert output[2:4] == ["1024 480 parameters", "A matrix of 10 by 48 weights; 480 parameters."]
    assert output[4:] == [
        "linear_card: no setting depth; there are in_features, out_features, bias",
        "bias must be True or False, not 3",
        "in_features may be 10,240 on a card at most, not 1,000,000,000",
    ]
