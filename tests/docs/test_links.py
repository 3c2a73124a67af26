"""Links between the pages lead somewhere; whoever is cited in the statistics is among its sources."""

from __future__ import annotations

import re

import pytest
from tests.conftest import TOP

PAGES = sorted(path.relative_to(TOP) for path in (TOP / "README.md", *(TOP / "docs").rglob("*.md")))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    """Files are there, and have the headings that are linked to."""
    text = (TOP / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (TOP / page).parent / path if path else TOP / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


def test_every_page_is_in_the_index():
    """docs/README.md has each page of its folder."""
    index = (TOP / "docs/README.md").read_text(encoding="utf-8")
    pages = {page.name for page in PAGES if page.parent.name == "docs"} - {"README.md"}
    assert pages == set(re.findall(r"\]\((\w+\.md)\)", index))


def test_who_is_cited_is_among_the_sources():
    """ "Fay & Herriot 1979" in the text, "Fay, R. E. & Herriot, R. A. (1979)" below; and no source is left over."""
    text, _, sources = (TOP / "docs/statistics.md").read_text(encoding="utf-8").partition("\n## Sources\n")
    text = " ".join(text.replace(" et al.", "").split())
    listed = re.findall(r"^- ([\w-]+).*? \((\d{4})\)", sources, re.MULTILINE)
    for year in set(re.findall(r"\b(1[89]\d\d|20[012]\d)\b", text)):
        assert any(year == one for _, one in listed), year
    for name, year in listed:
        assert re.search(rf"{name}\b[^.]{{0,60}}{year}", text), f"{name} {year} is not cited"
