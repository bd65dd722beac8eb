"""The designer's page looks as it is committed: its main states, at three widths, light and dark."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from designer_page.pictures import PICTURES, TOLERATED, difference, side_by_side, taken
from places import ROOT

FAILED = ROOT / "dist" / "pictures"
"""Git does not track `dist`."""


def test_the_page_looks_as_committed(browser: Browser, tmp_path: Path) -> None:
    """Each picture differs from the committed one in no more than the tolerated share of its
    pixels; where one does, both are written side by side, with where they differ.
    """
    shutil.rmtree(FAILED, ignore_errors=True)
    committed = {path.stem: path for path in PICTURES.iterdir()}
    wrong = []
    for name, actual in taken(browser, tmp_path):
        path = committed.pop(name, None)
        expected = Image.open(path).convert("RGB") if path else None
        share, marked = difference(expected, actual) if expected else (1.0, actual)
        if share > TOLERATED:
            FAILED.mkdir(parents=True, exist_ok=True)
            side_by_side(expected, actual, marked).save(FAILED / f"{name}.webp", quality=80)
            wrong.append(f"{name}: {share:.2%} of it differs")
    assert committed == {}, "committed, and no state of the page"
    assert wrong == [], f"{len(wrong)} pictures differ; look at {FAILED}"


def test_a_difference_is_seen_and_noise_is_none() -> None:
    """The comparison tells a moved line, another colour, one more button and another size from
    what another machine's fonts make of the same page.
    """
    (path, *_) = sorted(PICTURES.glob("request-1440-light.webp"))
    page = Image.open(path).convert("RGB")
    noise = page.point([min(255, level + 6) for level in range(256)] * 3)
    assert difference(page, noise)[0] == 0
    moved = page.copy()
    moved.paste(page.crop((250, 100, 850, 800)), (250, 108))
    tinted = page.copy()
    tinted.paste(page.crop((1180, 90, 1440, 150)).convert("L"), (1180, 90))
    button = page.copy()
    button.paste("firebrick", (20, 450, 120, 482))
    for other in (moved, tinted, button, page.crop((0, 0, 1000, 800))):
        assert difference(page, other)[0] > TOLERATED
