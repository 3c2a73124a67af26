"""The report's text: findings, then the questions one by one, each with its pictures, a table and a few words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from ablate_tui.queries.effects import EffectRow
from ablate_tui.queries.findings import Finding
from ablate_tui.queries.interactions import CLAIMED
from ablate_tui.queries.slices import Slice
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.formats import csv_line
from ablate_tui.tui.report import tables, words
from ablate_tui.tui.report.markdown import code, folded, image, link, plain, shell
from ablate_tui.tui.report.plan import PANELS, Comparison, Dependence, Plan
from ablate_tui.tui.report.results import Results
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.slice_options import choice_words, command_line, option_words
from ablate_tui.tui.views.base import sample_words
from ablate_tui.tui.views.design_words import facts
from ablate_tui.tui.views.importance import contrasts
from ablate_tui.tui.views.pair_card import card_figure
from ablate_tui.tui.views.registry import VIEWS

FEW = ("stats", "violin")  # panels shown of each comparison; the others are linked
HALF = 49  # percent of the page: two pictures beside each other
TITLE = 60  # signs of a histogram's title on a card

Draw = Callable[[str, Figure | None], None]


class Report:
    """One report; making the text draws the pictures, in the order of the text."""

    def __init__(self, session: Session, asked: Look, look: Look, plan: Plan, results: Results, draw: Draw) -> None:
        self.session, self.plan, self.results, self.draw = session, plan, results, draw
        self.asked, self.look = asked, look  # as on the command line, and without contrast, colour and target
        self.drawn: set[str] = set()
        self.sample = session.sample(look)
        self.table = self.sample.table
        name = self.table.response.name
        self.response = code(name) if len(name) <= 40 else "the response"

    def text(self) -> str:
        """The report in Markdown."""
        questions = (self.moves, self.best, self.spread_or_shift, self.ranking, self.dependence, self.interactions)
        asked = questions if self.plan.switches else ()
        parts = (self.head, self.findings, *asked, self.curves, self.design, self.again)
        text = "\n".join(line for part in parts for line in part())
        return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"

    # -- pieces

    def picture(self, path: str, figure: Figure, width: int = 100) -> str:
        """Draw a figure and give its Markdown; the reason where there is nothing to draw."""
        why = nothing(figure)
        if path not in self.drawn:
            self.draw(path, None if why else figure)
            self.drawn.add(path)
        return f"No picture `{path}`: {plain(why)}.\n" if why else image(path, figure.title, width)

    def figure(self, view: str, look: Look | None = None) -> Figure:
        """A view's figure."""
        at = look or self.look
        return VIEWS[view].figure(self.session.read(VIEWS[view], at), self.session.inputs(at))

    def command(self, view: str, look: Look | None = None) -> str:
        """The command line that gives a view again, with what was chosen at the start."""
        spelled, chosen = self.session.spelled(look or self.look), choice_words(self.session.choices)
        return command_line(spelled, self.session.store.path, view, chosen)

    def whole(self, view: str, look: Look | None = None) -> str:
        """Where the whole table is."""
        return f"The whole table:\n\n{shell(self.command(view, look))}"

    def numbers(self, *names: str) -> str:
        """Switches by their numbers, for sentences: "1 and 2"."""
        return " and ".join(self.plan.number(name) for name in names)

    def quoted(self, *views: str) -> Iterator[str]:
        """The findings that these views show, by their number."""
        for number, row in enumerate(self.results.findings.rows, start=1):
            if row.view in views:
                yield f"- Finding {number}: {plain(row.text)}"
        yield ""

    # -- parts

    def head(self) -> Iterator[str]:
        """What was looked at, and the numbers."""
        yield f"# {plain(PurePath(self.table.path).name or self.table.path)}: what the sweep shows"
        yield ""
        yield (
            f"Slice: {plain(sample_words(self.sample))}. Response {code(self.table.response.name)}, "
            f"{self.table.response.better}. {self.session.inputs(self.look).date}."
        )
        yield ""
        if not self.plan.switches:
            yield "There is no switch or factor to number, compare, rank or draw in this slice.\n"
            return
        yield from self.legend()

    def legend(self) -> Iterator[str]:
        """Which switch has which number."""
        yield "Switches by number, as folders and pictures have them:"
        yield ""
        yield tables.numbers(self.plan, self.results)
        example = self.plan.analyses[-1]
        held = f"holds {self.numbers(*example.held)} on and contrasts" if example.held else "contrasts"
        yield f"So `{example.folder}` {held} {self.plan.number(example.contrast)}" + (
            f", and `{self.plan.dependences[0].path}` shows the SHAP values of "
            f"{self.plan.number(self.plan.dependences[0].switch)}, coloured by "
            f"{self.plan.number(self.plan.dependences[0].color)}."
            if self.plan.dependences
            else "."
        )
        yield ""

    def findings(self) -> Iterator[str]:
        """The sentences, with the view that shows each."""
        yield "## Findings"
        yield ""
        rows: Sequence[Finding] = self.results.findings.rows
        for number, row in enumerate(rows, start=1):
            yield f"{number}. {plain(row.text)} ({row.view}{words.because(row.p)})"
        if rows:
            yield ""
        else:
            yield "Nothing to tell: no test found anything, or there is nothing to test.\n"
        yield from (f"- {plain(note.reason)}" for note in self.results.findings.notes)
        yield ""

    def moves(self) -> Iterator[str]:
        """Question 1."""
        yield f"## 1. Does a switch move {self.response}, or its variance? Does the answer hold with others fixed?"
        yield ""
        yield from words.verdicts(self.results.effects.rows)
        yield self.picture("effects.png", self.figure("effects"))
        yield ""
        yield tables.effects(self.results.effects)
        yield self.whole("effects")
        yield "Effects on the half-normal plot: those of noise lie on a line through the origin."
        yield ""
        yield self.picture("halfnormal.png", replace(self.figure("halfnormal"), columns=1), 75)
        yield ""
        if not self.plan.analyses:
            return
        yield f"### {code(self.plan.target)} with others held on"
        yield ""
        seen = [(one, self.verdict_rows(one)) for one in self.plan.analyses]
        yield from words.holds(self.plan, seen)
        yield tables.comparisons(self.plan, seen)
        held = [one for one in self.plan.analyses if one.held]
        for comparison in held or self.plan.analyses:
            yield from self.compared(comparison, "####", tuple(PANELS))

    def verdict_rows(self, comparison: Comparison) -> list[EffectRow]:
        """The contrast's rows of the effects table where the others are held on."""
        found = self.session.read(VIEWS["effects"], replace(self.look, slice=self.held(comparison, None)))
        return [row for row in found.rows if row.switch == comparison.contrast]

    def held(self, comparison: Comparison, contrast: str | None) -> Slice:
        """The slice of a comparison."""
        on = {name: (self.table.factor(name).on,) for name in comparison.held}
        own = self.look.slice
        return Slice.of(self.table, {**own.set, **on}, contrast, own.location)

    def compared(self, comparison: Comparison, level: str, panels: Sequence[str]) -> Iterator[str]:
        """One comparison: some of its pictures, and links to the others."""
        look = replace(self.look, slice=self.held(comparison, comparison.contrast))
        figure = self.figure("compare", look)
        held = " and ".join(f"{code(name)} on" for name in comparison.held)
        yield f"{level} Comparison {comparison.number}: {code(comparison.contrast)}{f', {held}' if held else ''}"
        yield ""
        shown, linked = [], []
        for panel, (name, told) in PANELS.items():
            path = f"{comparison.folder}/comparison_{name}.png"
            alone = tuple(replace(one, title="") for one in figure.panels if one.name == panel)
            made = self.picture(path, replace(figure, title=f"{figure.title}: {told}", panels=alone, columns=1), HALF)
            if panel in panels or nothing(figure):
                shown.append(made)
            else:
                linked.append(link(told, path))
        yield "\n".join(dict.fromkeys(shown) if not nothing(figure) else shown[:1])
        yield ""
        if linked:
            yield f"Also: {', '.join(linked)}."
            yield ""

    def best(self) -> Iterator[str]:
        """Question 2."""
        yield "## 2. Why is the mean of “on” no better, while the best runs nearly all have it on?"
        yield ""
        yield (
            "The best runs are the tail of a distribution, not its mean: of two sides with like means, the one with "
            "the wider spread reaches further. So location, spread and share among the best stand beside each other."
        )
        yield ""
        yield from self.quoted("best")
        yield tables.best(self.results.effects)
        yield self.whole("effects")
        yield self.picture("best.png", replace(self.panels("best", self.look, "enrichment", "pairs"), columns=1), HALF)
        best = replace(self.panels("best", self.look, "configurations", "pareto"), columns=1)
        yield self.picture("best_configurations.png", replace(best, title="Best configurations"), HALF)
        yield ""
        yield "The best runs one by one:\n"
        yield shell(self.command("best"))

    def spread_or_shift(self) -> Iterator[str]:
        """Question 3."""
        yield "## 3. Is a switch's visible effect a large spread, or a plain change of the mean?"
        yield ""
        yield (
            "A plain change moves mean and median alike and leaves the SD ratio near 1; a spread moves the ratio, and "
            "its cause says whether runs of one configuration scatter more (noise) or the other switches matter more "
            "(interactions)."
        )
        yield ""
        own = [row for row in self.results.effects.rows if row.switch in self.plan.switches]
        if len(own) < len(self.results.effects.rows):
            yield from words.verdicts(own)
        yield tables.spread_or_shift(self.plan, self.results)
        importance = self.session.read(VIEWS["importance"], self.look)
        if self.results.mean.rows and self.results.spread.rows:
            differ = contrasts(importance) or "no switch is high in one and low in the other"
            yield f"In the rankings for the mean and for the spread, {plain(differ)}."
            yield ""
        beside = self.panels("importance", self.look, "beside")
        beside = replace(
            beside,
            title="Importance: mean beside spread",
            panels=tuple(replace(panel, title="") for panel in beside.panels),
        )
        yield self.picture("shap_mean_beside_spread.png", beside, 60)
        yield ""
        if not self.plan.each:
            return
        seen = [(one, self.verdict_rows(one)) for one in self.plan.each]
        yield "### Switch by switch"
        yield ""
        yield tables.comparisons(self.plan, seen)
        for comparison in self.plan.each:
            yield from self.compared(comparison, "####", FEW)

    def panels(self, view: str, look: Look, *names: str) -> Figure:
        """A figure with some of its panels."""
        figure = self.figure(view, look)
        some = tuple(panel for panel in figure.panels if panel.name in names)
        return replace(figure, panels=some, columns=len(some))

    def ranking(self) -> Iterator[str]:
        """Question 4."""
        yield "## 4. Which switches matter most? Why are the points of “off” at small SHAP values?"
        yield ""
        spread = replace(self.look, target="spread")
        yield from words.ranking(self.table, self.plan, self.results)
        for path, look in (("shap_summary.png", self.look), ("shap_summary_spread.png", spread)):
            yield self.picture(path, self.panels("importance", look, "ranking", "beeswarm"))
            yield ""
        yield tables.ranking(self.results)
        yield self.whole("importance")
        yield shell(self.command("importance", spread))

    def dependence(self) -> Iterator[str]:
        """Question 5."""
        yield "## 5. Why do the points of one colour lie at one end? The SHAP values of a switch by another"
        yield ""
        if not self.plan.dependences:
            yield "Nothing to draw: that needs a ranking, and two switches in it.\n"
            return
        first = next(filter(self.interact, self.plan.dependences), self.plan.dependences[0])
        look = self.colored(first)
        found = self.session.read(VIEWS["dependence"], look)
        yield from words.dependence(self.table, first, found, self.results)
        yield self.picture(first.path, self.figure("dependence", look), 75)
        yield ""
        yield tables.dependence(self.table, found)
        yield self.whole("dependence", look)
        others = [one for one in self.plan.dependences if one != first]
        yield from (self.picture(one.path, self.figure("dependence", self.colored(one)), HALF) for one in others)
        yield ""

    def interact(self, one: Dependence) -> bool:
        """Whether an interaction of the two is shown."""
        pair = self.results.interactions.pair(one.switch, one.color)
        return pair is not None and pair.mean_q is not None and pair.mean_q < CLAIMED

    def colored(self, one: Dependence) -> Look:
        """The look of a dependence plot."""
        return replace(self.look, slice=self.look.slice.contrasted(self.table, one.switch), color=one.color)

    def interactions(self) -> Iterator[str]:
        """Question 6."""
        center = self.plan.center
        yield f"## 6. Which pairs interact{f' with {code(center)}' if center else ''}?"
        yield ""
        yield from self.quoted("interactions")
        yield self.picture("interactions.png", self.figure("interactions"))
        yield ""
        if center is not None and self.plan.cards:
            yield tables.pairs(self.results, center)
        yield self.whole("interactions")
        date = self.session.inputs(self.look).date
        for at, card in enumerate(self.plan.cards):
            figure = card_figure(self.sample, card.a, card.b, self.results.interactions, None, date, room=TITLE)
            pair = self.results.interactions.pair(card.a, card.b)
            yield folded(words.pair(card, pair), self.picture(card.path, figure), is_open=at == 0)

    def curves(self) -> Iterator[str]:
        """How the runs got there, where the source says."""
        look = replace(self.look, slice=self.look.slice.contrasted(self.table, self.plan.target))
        if self.session.inputs(look).curves()[0] is None:
            return
        yield "## How the runs get there: training curves"
        yield ""
        yield self.picture("curves.png", self.figure("curves", look), 75)
        yield ""
        yield self.whole("curves", look)

    def design(self) -> Iterator[str]:
        """What all this rests on."""
        yield "## What the design can and cannot tell"
        yield ""
        found = self.session.read(VIEWS["design"], self.look)
        yield from (f"- {plain(fact)}" for fact in facts(found))
        yield ""
        yield self.picture("design.png", self.figure("design"))
        yield ""
        yield tables.design(found)
        yield self.whole("design")

    def again(self) -> Iterator[str]:
        """The command that writes this report."""
        yield "## This report again"
        yield ""
        switches = option_words("--switches", csv_line(self.plan.switches)) if self.plan.switches else []
        _, _, source, _, _, *options = shlex.split(self.command("effects", self.asked))
        yield shell(shlex.join(["ablate-tui", "report", source, "--out", "DIR", *switches, *options]))


def nothing(figure: Figure) -> str:
    """Why a figure has nothing to draw; "" where it has something."""
    if any((panel.marks or panel.words) and not panel.empty for panel in figure.panels):
        return ""
    return next((panel.empty for panel in figure.panels if panel.empty), "nothing to draw")
