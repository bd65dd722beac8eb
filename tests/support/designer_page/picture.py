"""Take the picture of the designer's page that README.md shows.

Run it as `.venv/bin/python tests/support/designer_page/picture.py`. The page, the browser, the API
and the response are real.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[3]
PICTURE = ROOT / "docs" / "designer.png"
MOST_BYTES = 120_000
SIZE = {"width": 1200, "height": 750}
TITLE = "Creates a email communication on a given project"
FIELDS = {
    "/httpRequest/pathParameters/project_id": "1001",
    "/httpRequest/headers/Procore-Company-Id": "42",
    "/httpRequest/query/topic_id": "77",
}


def main() -> None:
    """Fill in the form of the shipped endpoint, send its test request, and write the picture."""
    from designer import running_designer
    from designer_page.browser import chromium, designer_page
    from httptask.testing import StandIn

    with tempfile.TemporaryDirectory() as name, StandIn() as stand_in, chromium() as browser:
        folder = Path(name)
        workflows = folder / "workflows"
        workflows.mkdir()
        definition = {"name": "RFI answered", "tasks": {}}
        (workflows / "rfi.json").write_text(json.dumps(definition), "utf-8")
        servers = {"procore": [stand_in.url]}
        with (
            running_designer(folder, workflows=workflows, servers=servers) as running,
            browser.new_context(viewport=SIZE, color_scheme="light") as context,
            designer_page(browser, running.url, context=context) as page,
        ):
            page.pick(TITLE)
            for pointer, value in FIELDS.items():
                page.at(pointer).fill(value)
            page.at("/httpRequest/query/topic_type").select_option("rfi")
            page.send()
            data = page.page.screenshot()
    # Keep the repository small: 16 colours are enough for readable text.
    for colours in (256, 128, 64, 32, 16):
        small = Image.open(io.BytesIO(data)).convert("RGB").quantize(colours, dither=0)
        small.save(PICTURE, optimize=True)
        if PICTURE.stat().st_size < MOST_BYTES:
            break
    print(f"{PICTURE}: {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    main()
