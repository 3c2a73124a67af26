"""Themes: every word on the screen can be read in each of them, and they change while it runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.color import ColorType
from rich.style import Style
from tests.colours import contrast
from tests.pseudo_terminal import PseudoTerminal
from tests.tui.test_app import settle
from textual.widgets import Input

from ablate_tui.data.schema import Choices
from ablate_tui.tui.app import AblateApp
from ablate_tui.tui.config import THEMES, Config
from ablate_tui.tui.painters.palette import PALETTES
from ablate_tui.tui.panels import query_box
from ablate_tui.tui.panels.body import Body
from ablate_tui.tui.panels.lines import Lines
from ablate_tui.tui.screens.help import Help
from ablate_tui.tui.session import Look, Session

pytestmark = pytest.mark.usefixtures("few_refits")
PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))
DRAWN = re.compile(r"[▀-▟─-╿⠀-⣿◆●○■□▲·∘×*+┃━ ]*")  # marks, lines and blanks: not words


def app_of(runs: Path, config: Config, look: Look | None = None) -> AblateApp:
    """A screen with settings."""
    return AblateApp(Session.open(str(runs), Choices(), keep=False), look or Look(), config=config)


def pieces(app: AblateApp) -> list[tuple[str, Style]]:
    """What is on the screen, piece by piece, as it is sent; of a dialog, what is in it."""
    strips = app.screen._compositor.render_strips()
    if len(app.screen_stack) > 1:
        box = app.screen.children[-1].region
        strips = [strip.crop(box.x, box.right) for strip in strips[box.y : box.bottom]]
    return [(piece.text, piece.style) for strip in strips for piece in strip if piece.style is not None]


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
async def test_every_word_can_be_read(theme, runs):
    """WCAG's 4.5:1, in views, lists, dialogs, the palette and help; 7:1 in high contrast."""
    app = app_of(runs, Config(theme=theme))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for keys in (
            ["tab"],
            ["3"],
            ["1"],
            ["7"],
            ["0"],
            ["r", "v"],
            ["escape", "question_mark"],
            ["escape", "ctrl+p", "t"],
        ):
            await pilot.press(*keys)
            await settle(pilot)
            for text, style in pieces(app):
                if DRAWN.fullmatch(text) or style.color is None or style.bgcolor is None:
                    continue
                ink, paper = style.color.triplet, style.bgcolor.triplet
                assert ink is not None
                assert paper is not None
                if style.reverse:
                    ink, paper = paper, ink
                assert contrast(tuple(ink), tuple(paper)) >= (6.9 if theme == "contrast" else 4.5), (keys, text, style)


async def test_the_terminals_own_theme_sends_its_colours_by_number(runs):
    """No RGB anywhere: ground and ink are the terminal's."""
    app = app_of(runs, Config(theme="terminal"))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for keys in ([], ["7"], ["question_mark"]):
            await pilot.press(*keys)
            await settle(pilot)
            kinds = {colour.type for _, style in pieces(app) for colour in (style.color, style.bgcolor) if colour}
            assert kinds <= {ColorType.DEFAULT, ColorType.STANDARD}


async def test_the_theme_changes_while_it_runs(runs):
    """From the command palette: widgets, lists and plots follow; what was looked at stays."""
    app = app_of(runs, Config(theme="dark"))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        for theme in (*THEMES[1:], "dark"):
            before = app.look
            await pilot.press("ctrl+p")
            await pilot.pause()
            app.screen.query_one(Input).value = f"theme {theme}"
            await settle(pilot)
            await pilot.press("down", "enter")
            await settle(pilot)
            assert app.theme == theme
            assert app.look == before
            inks = {
                tuple(piece.style.color.triplet)
                for row in app.query_one(Body).painted.picture
                for piece in row
                if piece.style and piece.style.color and piece.style.color.triplet
            }
            palette = PALETTES[theme]
            assert (palette.colour("off") in inks) != palette.few


async def test_what_was_drawn_before_follows_the_theme(runs, monkeypatch):
    """The ranking's bars, and in the SQL view, which is kept behind the screen, its box and histogram."""
    monkeypatch.setattr(query_box, "find_spec", lambda name: True)  # colours in the query
    app = app_of(runs, Config(theme="dark"))

    def inks(lines: Lines) -> set[tuple[int, ...]]:
        styles = [piece.style for row in lines.lines for piece in row if piece.style]
        return {tuple(style.color.triplet) for style in styles if style.color and style.color.triplet}

    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("Q")
        await settle(pilot)
        sql = app.screen
        before = inks(sql.query_one("#histogram", Lines))
        await pilot.press("escape")
        await settle(pilot)
        bars = inks(app.query_one("#ranking-rows", Lines))
        assert sql.box.theme == "vscode_dark"
        app.theme = "light"
        await settle(pilot)
        after = inks(app.query_one("#ranking-rows", Lines))
        assert after == {tuple(PALETTES["light"].colour("accent"))} != bars
        assert sql.box.theme == "github_light"
        assert not before & inks(sql.query_one("#histogram", Lines))


async def test_without_a_word_few_colours_mean_the_terminals_own(runs, monkeypatch):
    """And a setting is stronger than that."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert app_of(runs, Config()).theme == "terminal"
    assert app_of(runs, Config(theme="light")).theme == "light"


async def test_settings_of_the_start_and_keys(runs):
    """View and keys; help, footer and palette show the keys as they are."""
    config = Config(view="effects", keys={"sort": "z", "list.toggle": "a,space", "help": "f2"})
    app = app_of(runs, config)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert app.query_one(Body).painted.view == "effects"
        await pilot.press("s")
        await settle(pilot)
        assert app.query_one(Body).painted.sort is None
        await pilot.press("z", "down", "a")
        await settle(pilot)
        assert app.query_one(Body).painted.sort == ("name", False)
        assert app.look.slice.set == {"use_bias": ("true",)}
        footer = "".join(text for text, _ in pieces(app)[-60:])
        assert re.search(r"\bz\s+sort", footer)
        commands = {command.help for command in app.get_system_commands(app.screen)}
        assert "key z" in commands
        assert "key s" not in commands
        await pilot.press("f2")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        said = "".join(text for text, _ in pieces(app))
        assert re.search(r"a space\s+the switch under the cursor", said)


async def test_words_name_the_keys_in_force(runs):
    """On the screen and in dialogs; names out of the source are left as they are, braces or not."""
    keys = {"undo": "U", "clear": "z", "part": "p", "ask.cancel": "f9", "save": "d", "saved": "D", "saved.close": "f8"}
    frame = pl.read_parquet(runs).filter(~(pl.col("use_bias") & pl.col("use_norm")))
    frame.rename({"use_bias": "{undo}", "use_norm": "{no such}"}).write_parquet(runs)
    app = app_of(runs, Config(keys=keys))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)

        def said() -> str:
            return re.sub(r"[\s│]+", " ", "".join(text for text, _ in pieces(app)))

        assert "parts (p) ·" in said()
        slice_ = app.look.slice
        for name in ("{undo}", "{no such}"):
            slice_ = slice_.with_levels(app.sweep, name, ("true",))
        app.go(Look(slice=slice_))
        await settle(pilot)
        assert re.search(r"no run is left; without \{(undo|no such)\} = on: \d+ \(U undoes, z clears\)", said())
        await pilot.press("U", "D")
        await settle(pilot)
        assert "No slice is saved for this source yet: d saves the one on the screen. f8 leaves" in said()
        await pilot.press("f8", "d")
        await settle(pilot)
        assert "D lists what is saved · enter takes · f9 leaves" in said()


@pytest.mark.parametrize(
    ("told", "allowed"),
    [
        ({"NO_COLOR": "1"}, r"[01234579]?|22|23|24|27"),
        ({"TERM": "xterm", "COLORTERM": ""}, r"[01234579]?|22|23|24|27|[34][0-79]"),
        ({"TERM": "xterm-16color", "COLORTERM": ""}, r"[01234579]?|22|23|24|27|[34][0-79]|9[0-7]|10[0-7]"),
    ],
    ids=["none", "eight", "sixteen"],
)
def test_no_more_colours_are_sent_than_there_are(told, allowed, runs):
    """None under NO_COLOR, the eight, the sixteen: by what goes over the line."""
    with PseudoTerminal([PROGRAM, str(runs), "--theme", "dark"], 120, 36, told) as terminal:
        terminal.wait_for("Comparison by")
        for key in "34567890\t?":
            terminal.send(key)
            terminal.wait_quiet(0.2)
        terminal.send("\x1b")
        terminal.wait_quiet(0.2)
        terminal.send("q")
        assert terminal.wait_exit() == 0
        codes = {code for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for code in found.decode().split(";")}
        assert {code for code in codes if not re.fullmatch(allowed, code)} == set()


def test_without_colour_what_is_chosen_can_be_seen(runs):
    """The cursor of a list, of a table and of a line in reverse; a dialog's choice underlined."""
    with PseudoTerminal([PROGRAM, str(runs)], 100, 30, {"NO_COLOR": "1"}) as terminal:

        def marked(how: str) -> list[str]:
            screen = terminal.screen
            lines = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
            return ["".join(cell.data for cell in line if getattr(cell, how)) for line in lines]

        terminal.wait_for("Comparison by")
        terminal.wait_quiet(0.5)
        assert any("use_norm" in line for line in marked("reverse"))
        terminal.send("\t")
        terminal.wait_quiet(0.3)
        assert any("off" in line for line in marked("reverse"))
        terminal.send("r\x1b[B")
        terminal.wait_for("train_loss")
        terminal.wait_quiet(0.3)
        assert any("val_loss" in line for line in marked("underscore"))
        at = next(y for y, line in enumerate(terminal.screen.display) if "Response" in line)
        assert marked("reverse")[at + 2]  # where the next letter goes


def test_nothing_is_sent_when_idle(runs):
    """No clock, no spinner, no blinking by the program: two seconds without a byte."""
    with PseudoTerminal([PROGRAM, str(runs)], 120, 36) as terminal:
        terminal.wait_for("Comparison by")
        terminal.wait_for("R² ")
        terminal.wait_quiet(3.0)
        for keys in ("", "r", "\x1b", "?"):
            terminal.send(keys)
            terminal.wait_quiet(1.0)
            before = len(terminal.raw)
            assert not terminal.read(2.0)
            assert len(terminal.raw) == before
