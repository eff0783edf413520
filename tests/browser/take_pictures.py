"""Takes the README's pictures of a running site: `python -m tests.browser.take_pictures http://127.0.0.1:PORT`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent / "pictures"
LARGEST_BYTES = 300_000
PICTURES = {
    "start.png": ("/", 1280, 820),
    "cohort.png": ("/cohorts/imsr", 1280, 1480),
    "reproduced.png": ("/cohorts/imsr/reproduced", 1280, 1180),
    "small-cells.png": ("/small-cells", 1280, 1180),
    "phone.png": ("/cohorts/imsr", 390, 1000),
}
"""Each picture's page, and how much of it, in pixels."""


def take(chromium: Browser, address: str, folder: Path) -> list[Path]:
    """All pictures, into a folder."""
    taken = []
    for name, (path, width, height) in PICTURES.items():
        context = chromium.new_context(viewport={"width": width, "height": height}, java_script_enabled=False, locale="en-GB")
        page = context.new_page()
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / name)
        taken.append(folder / name)
        context.close()
    return taken


def main(address: str) -> int:
    """Takes them into the folder that the README shows; 1 when one is too large for it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        taken = take(browser, address.rstrip("/"), FOLDER)
        browser.close()
    for picture in taken:
        sys.stdout.write(f"{picture.name}: {picture.stat().st_size} bytes\n")
    return max(picture.stat().st_size for picture in taken) >= LARGEST_BYTES


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
