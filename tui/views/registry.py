"""The views, in the order of their digits. Tabs, help, command line and conformance tests read this."""

from __future__ import annotations

from ablate_tui.tui.views import (
    best,
    compare,
    compare_two,
    curves,
    dependence,
    design,
    effects,
    effects_two,
    findings,
    halfnormal,
    importance,
    interactions,
    pairs,
    runs,
)
from ablate_tui.tui.views.base import View, with_two

VIEWS: dict[str, View] = {
    module.VIEW.name: module.VIEW
    for module in (
        findings,
        compare,
        effects,
        pairs,
        importance,
        dependence,
        interactions,
        halfnormal,
        best,
        runs,
        curves,
        design,
    )
}
for two in (compare_two.VIEW, effects_two.VIEW):
    VIEWS[two.name] = with_two(VIEWS[two.name], two)
