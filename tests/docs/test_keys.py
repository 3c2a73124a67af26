"""docs/keys.md has every key of the program, and no other."""

from __future__ import annotations

import re
import sys

from tests.conftest import TOP

from ablate_tui.tui.app import AblateApp

sys.path.insert(0, str(TOP / "docs"))

import keys


def test_the_page_of_keys_is_what_the_bindings_say():
    """`make keys` would not change it."""
    assert (TOP / "docs/keys.md").read_text(encoding="utf-8") == keys.page(), "run make keys"


def test_every_class_with_keys_is_found():
    """Wherever in the program a class names its keys, they are on the page."""
    written = re.compile(r"^    BINDINGS\b", re.MULTILINE)
    named = [path for path in (TOP / "tui").rglob("*.py") if written.search(path.read_text(encoding="utf-8"))]
    found = {one.__module__.removeprefix("ablate_tui.tui.") for one in keys.holders()}
    assert found == {".".join(path.relative_to(TOP / "tui").with_suffix("").parts) for path in named}
    assert AblateApp in keys.holders()


def test_every_key_of_the_program_has_an_id():
    """Without one it could not be named."""
    assert not [binding.key for binding in keys.of(*keys.holders()) if not binding.id]
