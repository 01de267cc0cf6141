"""Take the README's picture, docs/card.png, of the network card as it runs: python tests/browser/picture.py"""

import tempfile
from pathlib import Path

import nbformat
from conftest import ROOT, browser, jupyterlab, open_and_run

CELL = "from course_lib import network_card\nnetwork_card(machine=True, conv2_kernel=5)"

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "root").mkdir()
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, Path(scratch) / "root" / "card.ipynb")
        with jupyterlab(Path(scratch)) as lab, browser() as chromium:
            page = open_and_run(chromium.new_page(viewport={"width": 1600, "height": 1300}), lab, "card.ipynb")
            page.locator(".course-card .total").wait_for()
            page.wait_for_timeout(1000)
            page.locator(".course-card").screenshot(path=str(ROOT / "docs" / "card.png"))
    print("docs/card.png")
