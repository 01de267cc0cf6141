"""Take the README's picture, docs/card.png, of the network card as it runs: python tests/browser/picture.py"""

import tempfile
from pathlib import Path

from lab import ROOT, browser, jupyterlab

CELL = "from course_lib import network_card\nnetwork_card(machine=True, conv2_kernel=5)"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, jupyterlab(Path(scratch)) as lab, browser() as chromium:
        page = lab.run(chromium.new_page(viewport={"width": 1600, "height": 1300}), lab.write("card.ipynb", CELL))
        page.locator(".course-card .total").wait_for()
        page.wait_for_timeout(1000)
        page.locator(".course-card").screenshot(path=str(ROOT / "docs" / "card.png"))
    print("docs/card.png")
