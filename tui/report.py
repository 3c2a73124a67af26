"""The whole note of a sweep: its findings, and every figure that a careful reader asks for, in one folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablate_tui.data.errors import SourceError
from ablate_tui.queries.effects import Effects
from ablate_tui.queries.findings import Findings
from ablate_tui.queries.importance import WHAT_A_SHAP_VALUE_IS, Importance
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import export
from ablate_tui.tui.figure import Figure
from ablate_tui.tui.formats import as_markdown, clean, escape_markdown
from ablate_tui.tui.session import Look, Session
from ablate_tui.tui.views.base import View
from ablate_tui.tui.views.interactions import card_figure
from ablate_tui.tui.views.registry import VIEWS

STRONGEST = 5  # switches that the comparisons are about, where none are given
MOST_PAIRS = 9  # cards
PANELS = {"box": "boxplot", "ecdf": "ecdf", "hist+kde": "hist_kde", "stats": "stats_bar", "violin": "violin"}

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Comparison:
    """One folder of comparisons: some switches held on, another contrasted. Numbers are the switches'."""

    name: str  # "13"
    fixed: tuple[str, ...]
    contrast: str

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return f"comparison_analysis_{self.name}"


@dataclass(frozen=True)
class Picture:
    """One picture of the report, drawn when it is its turn."""

    path: str  # below the report's folder, "/" between
    draw: Callable[[], Figure]


def write_report(
    session: Session, look: Look, out: str, switches: Sequence[str] = (), progress: Progress | None = None
) -> Path:
    """Write report.md and its pictures.

    Parameters
    ----------
    session : Session
    look : Look
        Filters and response; the contrast plays no part.
    out : str
        The folder; made where it is not there. Files of an earlier report are replaced, each one whole.
    switches : sequence of str
        In the order of their numbers; without any, the strongest by mean |SHAP| of those with two levels.
    progress : callable, optional
        Told how many pictures are done, of how many, and which is next.

    Returns
    -------
    Path
        Of report.md.

    Raises
    ------
    UsageError
        A switch that isn't there.
    SourceError
        A folder that can't be written.
    """
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"can't make the folder {folder}: {error.strerror or error}; choose another --out") from error
    report = _Report(session, look, tuple(switches), progress or (lambda done, total, words: None))
    pictures = report.pictures()
    for done, picture in enumerate(pictures):
        report.progress(done, len(pictures), picture.path)
        target = folder / picture.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(f"can't make the folder {target.parent}: {error.strerror or error}") from error
        export.write(export.render(picture.draw(), "png"), target)
    report.progress(len(pictures), len(pictures), "report.md")
    return export.write(report.text().encode("utf-8", "backslashreplace"), folder / "report.md")


class _Report:
    """What is in the report, and in which order."""

    def __init__(self, session: Session, look: Look, switches: tuple[str, ...], progress: Progress) -> None:
        self.session, self.progress = session, progress
        self.look = replace(look, slice=look.slice.contrasted(session.sample(look).table, None), target="mean")
        self.table = session.sample(self.look).table
        progress(0, 1, "SHAP values, with their intervals")
        self.mean: Importance = session.finished_importance(self.look)
        self.spread: Importance = session.finished_importance(replace(self.look, target="spread"))
        progress(0, 1, "findings")
        self.findings: Findings = session.read(VIEWS["findings"], self.look)
        self.effects: Effects = session.read(VIEWS["effects"], self.look)
        self.free = [factor.name for factor in session.sample(self.look).free]
        for name in switches:
            self.table.factor(name)
        self.switches = list(dict.fromkeys(switches)) or self.strongest()
        self.center = self.spreader()

    def strongest(self) -> list[str]:
        """The free factors by mean |SHAP|, switches first; without a ranking, in the source's order."""
        ranked = [row.switch for row in self.mean.rows] or self.free
        return sorted(ranked, key=lambda name: not self.table.factor(name).is_switch)[:STRONGEST]

    def spreader(self) -> str | None:
        """The factor that changes the spread most: its pairs get cards."""
        rows = [row for row in self.effects.rows if row.sd_ratio]
        sized = {row.switch: max(row.sd_ratio or 1.0, 1 / (row.sd_ratio or 1.0)) for row in rows}
        claimed = [row.switch for row in rows if row.verdict is not None and "spread" in row.verdict]
        return max(claimed or sized, key=lambda name: sized[name], default=None)

    # -- pictures

    def pictures(self) -> list[Picture]:
        """All of them, in the order of the text."""
        found = [
            Picture(f"{name}.png", self.of(VIEWS[name])) for name in ("effects", "halfnormal", "interactions", "best")
        ]
        found.append(Picture("shap_summary.png", self.of(VIEWS["importance"])))
        found.append(
            Picture("shap_summary_spread.png", self.of(VIEWS["importance"], replace(self.look, target="spread")))
        )
        found += [Picture(path, self.dependence(a, b)) for path, a, b in self.dependences()]
        for comparison in self.comparisons():
            found += self.compared(comparison)
        found += [Picture(path, self.card(a, b)) for path, a, b in self.cards()]
        found.append(Picture("design.png", self.of(VIEWS["design"])))
        return found

    def of(self, view: View, look: Look | None = None) -> Callable[[], Figure]:
        """A view's figure."""
        at = look or self.look
        return lambda: view.figure(self.session.read(view, at), self.session.inputs(at))

    def comparisons(self) -> Iterator[Comparison]:
        """Each switch by itself, with the first held on, and the third with the first two held on."""
        names = self.switches
        held = [name for name in names if self.table.factor(name).is_switch]
        for number, name in enumerate(names, start=1):
            yield Comparison(str(number), (), name)
        for number, name in enumerate(names, start=1):
            if held and name != held[0]:
                yield Comparison(f"{names.index(held[0]) + 1}{number}", (held[0],), name)
        others = [name for name in names if name not in held[:2]]
        if len(held) > 1 and others:
            numbers = [names.index(name) + 1 for name in (*held[:2], others[0])]
            yield Comparison("".join(map(str, numbers)), tuple(held[:2]), others[0])

    def seen(self, comparison: Comparison) -> Look:
        """The look of a comparison."""
        levels = {**self.look.slice.set, **{name: (self.table.factor(name).on,) for name in comparison.fixed}}
        return replace(self.look, slice=Slice.of(self.table, levels, comparison.contrast, self.look.slice.location))

    def compared(self, comparison: Comparison) -> Iterator[Picture]:
        """The five pictures of one comparison; they share what is computed once."""
        look = self.seen(comparison)
        whole = self.of(VIEWS["compare"], look)
        for panel, name in PANELS.items():
            yield Picture(f"{comparison.folder}/comparison_{name}.png", lambda panel=panel: one(whole(), panel))

    def dependences(self) -> Iterator[tuple[str, str, str]]:
        """Each of the numbered switches, coloured by the factor that changes the spread most, or by the next."""
        for number, name in enumerate(self.switches, start=1):
            others = [other for other in (self.center, *self.switches) if other is not None and other != name]
            if others and self.mean.rows:
                yield f"dependence/switch{number}_by_{export.safe_name(others[0])}.png", name, others[0]

    def dependence(self, a: str, b: str) -> Callable[[], Figure]:
        """SHAP values of one switch, coloured by another."""
        look = replace(self.look, slice=self.look.slice.contrasted(self.table, a), color=b)
        return self.of(VIEWS["dependence"], look)

    def cards(self) -> Iterator[tuple[str, str, str]]:
        """The factor that changes the spread most with each of the others, named as the alphabet has them."""
        if self.center is None or self.center not in self.free:
            return
        others = [row.switch for row in self.mean.rows] or self.free
        for other in [name for name in others if name != self.center][:MOST_PAIRS]:
            a, b = sorted((self.center, other))
            yield f"interaction_analysis/{export.safe_name(a)}_vs_{export.safe_name(b)}.png", a, b

    def card(self, a: str, b: str) -> Callable[[], Figure]:
        """The four cells of a pair."""
        return lambda: card_figure(self.session.sample(self.look), a, b)

    # -- text

    def text(self) -> str:
        """The report in Markdown as GitHub shows it."""
        return "\n".join([*self.head(), *self.questions()]) + "\n"

    def head(self) -> Iterator[str]:
        sample = self.session.sample(self.look)
        yield f"# {escape_markdown(clean(Path(self.table.path).name or self.table.path))}: what the sweep shows"
        yield ""
        yield (
            f"{sample.runs:,} of {self.table.runs:,} runs, {escape_markdown(clean(sample.slice.words()))}; response "
            f"`{code(self.table.response.name)}` ({'smaller' if self.table.response.goal == 'min' else 'larger'} is better); "
            f"{sample.diverged:,} diverged, {sample.missing:,} missing. {self.session.inputs(self.look).date}."
        )
        yield ""
        yield from self.numbered()
        yield "## Findings"
        yield ""
        yield from self.body(VIEWS["findings"], self.look)

    def numbered(self) -> Iterator[str]:
        """Which switch has which number, as the folders' names use them."""
        yield "Switches by number:"
        yield ""
        for number, name in enumerate(self.switches, start=1):
            yield f"{number}. `{code(name)}`"
        yield ""

    def body(self, view: View, look: Look) -> Iterator[str]:
        """A view's table as Markdown, without its title."""
        table = view.table(self.session.read(view, look), self.session.inputs(look))
        yield as_markdown(replace(table, title=""))

    def questions(self) -> Iterator[str]:
        yield from self.section(
            "Does a switch move the loss, or its variance?",
            "Each switch's two bars are variances: between configurations (the other switches) and within them "
            "(noise). Verdicts come from tests whose unit is the configuration.",
            ["effects.png", "halfnormal.png"],
        )
        yield from self.body(VIEWS["effects"], self.look)
        for comparison in self.comparisons():
            held = " and ".join(f"`{code(name)}` on" for name in comparison.fixed)
            yield f"### Comparison {comparison.name}: `{code(comparison.contrast)}`{f' with {held}' if held else ''}"
            yield ""
            for name in PANELS.values():
                yield image(f"{comparison.folder}/comparison_{name}.png")
            yield ""
            yield from self.body(VIEWS["compare"], self.seen(comparison))
        yield from self.section(
            "Why is the mean no better, while the best runs nearly all have it on?",
            "Share among the best 10 % against the share of all; means shrunk toward the model, since the best of many is "
            "partly luck.",
            ["best.png"],
        )
        yield from self.section(
            "Which switches matter most, for the mean and for the spread?",
            WHAT_A_SHAP_VALUE_IS,
            ["shap_summary.png", "shap_summary_spread.png"],
        )
        yield from self.body(VIEWS["importance"], self.look)
        yield from self.section(
            "How does the SHAP value of a switch depend on another?",
            "Each point is a configuration: the SHAP value of one switch at its level, coloured by another.",
            [path for path, _, _ in self.dependences()],
        )
        yield from self.section(
            "Which pairs interact?",
            f"Differences of differences of all pairs; then the pairs of `{code(self.center)}`, which changes the spread most."
            if self.center is not None
            else "Differences of differences of all pairs.",
            ["interactions.png", *(path for path, _, _ in self.cards())],
        )
        yield from self.section("What can the design tell?", "", ["design.png"])
        yield from self.body(VIEWS["design"], self.look)

    @staticmethod
    def section(title: str, words: str, pictures: Sequence[str]) -> Iterator[str]:
        yield f"## {title}"
        yield ""
        if words:
            yield words
            yield ""
        for path in pictures:
            yield image(path)
        yield ""


def one(figure: Figure, panel: str) -> Figure:
    """A figure with one of its panels."""
    return replace(figure, panels=tuple(p for p in figure.panels if p.name == panel), columns=1)


def image(path: str) -> str:
    """A picture in Markdown."""
    return f"![{escape_markdown(Path(path).stem)}](<{path}>)"


def code(text: str) -> str:
    """A name between backticks."""
    return clean(text).replace("`", "'")
