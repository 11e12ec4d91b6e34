"""Takes the pictures of README.md: the terminal table and the HTML report of the seeds.

Needs the extra `dev` and Debian's `chromium`; run `python docs/images/pictures.py` from the root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent
SEED = "seeds/004_f09b997ef4421a0e.txt"
TITLE = "toujours aux côtés de la Russie"  # its own
COLUMNS = 92
LINES = 24  # of the table: the tags, and two paragraphs with the words behind them
SIZE = {"width": 1080, "height": 1000}
# The form of rich's export without the fonts that it takes from the network.
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def main() -> None:
    """Write both pictures beside this file."""
    picture_table(FOLDER / "table.svg")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        classify("seeds", "--output", str(report), "--explain")
        picture_page(report, FOLDER / "report.png")


def classify(*arguments: str) -> str:
    """Return what the command prints on a terminal of our width, with its colours."""
    colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-m", "depeche.classify", *arguments]
    done = subprocess.run(  # noqa: S603
        command, env=os.environ | colours, capture_output=True, text=True, check=True
    )
    return done.stdout


def picture_table(path: Path) -> None:
    """Write the first lines of a seed's table as an SVG."""
    lines = classify(SEED, "--format", "table").split("\n")[:LINES]
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(line.rstrip() for line in lines)), soft_wrap=True)
    svg = console.export_svg(title=f"classify {SEED}", code_format=FRAME, unique_id="table")
    path.write_text(svg, encoding="utf-8")


def picture_page(report: Path, path: Path) -> None:
    """Write what a browser shows of a report as a PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport=SIZE)
        page.goto(report.as_uri())
        page.get_by_text("Articles", exact=True).first.click()
        page.get_by_text(TITLE).first.click()
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main()
