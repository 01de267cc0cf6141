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
