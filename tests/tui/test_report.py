"""The report: its files, its links, its numbers, and what it does where little can be said."""

from __future__ import annotations

import html
import itertools
import os
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl
import pytest
from tests.conftest import sweep
from tests.tui.test_views import CASES

from ablate_tui.data.errors import SourceError, UsageError
from ablate_tui.queries.slices import Slice
from ablate_tui.tui import cli, export
from ablate_tui.tui.report import markdown, write_report
from ablate_tui.tui.report.plan import joined
from ablate_tui.tui.session import Look

PANELS = ("boxplot", "ecdf", "hist_kde", "stats_bar", "violin")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures without drawing them: most tests are about their names."""
    monkeypatch.setattr(export, "render", lambda figure, form: PNG + figure.title.encode("utf-8", "replace"))


def files(folder: Path) -> set[str]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def linked(text: str) -> set[str]:
    """The files that a Markdown text shows or links."""
    shown = re.findall(r'<img src="([^"]+)"', text) + re.findall(r"\]\(([^)]+)\)", text)
    return {unquote(html.unescape(path)) for path in shown}


def numbers(text: str) -> list[str]:
    """The switches of the legend, in their order."""
    legend = text.split("Switches by number", 1)[1].split("\nSo `", 1)[0]
    return [line.split("|")[2].strip().strip("`") for line in legend.splitlines() if re.match(r"\| \d", line)]


def test_pictures_are_drawn(factors, tmp_path, few_refits):
    """Every file but the text is a PNG."""
    assert cli.main(["report", str(factors), "--out", str(tmp_path / "out"), "--switches", "norm"]) == 0
    found = files(tmp_path / "out") - {"report.md"}
    assert len(found) > 10
    assert all((tmp_path / "out" / name).read_bytes().startswith(PNG) for name in found)


def test_the_set_of_files(runs, tmp_path, undrawn, few_refits, capsys):
    """What the note has, each shown or linked, in a folder that is made."""
    out = tmp_path / "new" / "report"
    assert cli.main(["report", str(runs), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1] == f"ablate-tui: wrote {out / 'report.md'}"
    text = (out / "report.md").read_text(encoding="utf-8")
    names = numbers(text)
    assert sorted(names) == ["tie_weights", "use_bias", "use_gate", "use_norm"]
    assert names[2] == "use_gate"  # it changes the spread most
    numbered = (1, 2, 3, 4, 12, 13, 14, 123)
    expected = {f"comparison_analysis_{at}/comparison_{panel}.png" for at in numbered for panel in PANELS}
    expected |= {
        f"interaction_analysis/{a}_vs_{b}.png" for a, b in (sorted(("use_gate", name)) for name in names) if a != b
    }
    expected |= {"switch13.png", "switch23.png", "switch43.png"}
    expected |= {"effects.png", "halfnormal.png", "best.png", "best_configurations.png", "interactions.png"}
    expected |= {"shap_summary.png", "shap_summary_spread.png", "shap_mean_beside_spread.png", "design.png"}
    found = files(out) - {"report.md"}
    assert {name for name in found if not re.fullmatch(r"switch3\d\.png", name)} == expected
    assert len(found) == len(expected) + 1
    assert linked(text) == found


def test_numbers_are_those_of_the_folders(opened, undrawn, tmp_path):
    """13 holds the first switch on and contrasts the third; the words beside the legend say so."""
    session = opened(sweep())
    path = write_report(session, Look(), str(tmp_path / "out"), ("tie_weights", "use_norm", "use_bias"))
    text = path.read_text(encoding="utf-8")
    assert numbers(text) == ["tie_weights", "use_norm", "use_bias"]
    assert "`comparison_analysis_123` holds 1 and 2 on and contrasts 3" in text
    title = (path.parent / "comparison_analysis_12" / "comparison_violin.png").read_bytes()
    assert title == PNG + b"Comparison by use_norm: violin"
    assert "#### Comparison 12: `use_norm`, `tie_weights` on" in text
    assert "#### Comparison 123: `use_bias`, `tie_weights` on and `use_norm` on" in text
    folders = {name.split("/")[0] for name in files(path.parent) if "/" in name}
    assert folders == {*(f"comparison_analysis_{at}" for at in (1, 2, 3, 12, 13, 123)), "interaction_analysis"}
    assert "--switches tie_weights,use_norm,use_bias" in text


def test_what_a_comparison_holds_on(opened, monkeypatch, tmp_path):
    """The picture of 13 is of the runs with the first switch on, contrasted by the third."""
    drawn = {}
    monkeypatch.setattr(export, "render", lambda figure, form: PNG + f"{figure.title} | {figure.subtitle}".encode())
    path = write_report(opened(sweep()), Look(), str(tmp_path / "out"), ("use_norm", "use_bias", "use_gate"))
    for name in files(path.parent) - {"report.md"}:
        drawn[name] = (path.parent / name).read_bytes().removeprefix(PNG).decode()
    assert "Comparison by use_gate" in drawn["comparison_analysis_13/comparison_boxplot.png"]
    assert "use_norm = on · 24 of 48 runs" in drawn["comparison_analysis_13/comparison_boxplot.png"]
    assert "use_norm = on, use_bias = on · 12 of 48 runs" in drawn["comparison_analysis_123/comparison_ecdf.png"]
    assert "all runs · 48 of 48 runs" in drawn["comparison_analysis_3/comparison_ecdf.png"]
    assert drawn["switch13.png"].startswith("SHAP values of use_norm, coloured by use_gate")


def test_contrast_and_colour_say_what_it_is_about(opened, undrawn, tmp_path):
    """They stand in for the switch that changes the spread most, get a number, and are in the command."""
    session = opened(sweep())
    slice_ = Slice.of(session.table(None, None), {}, "tie_weights")
    path = write_report(session, Look(slice=slice_, color="use_bias"), str(tmp_path / "out"), ("use_norm", "use_gate"))
    text = path.read_text(encoding="utf-8")
    assert numbers(text) == ["use_norm", "use_gate", "tie_weights", "use_bias"]
    assert "Comparison 123: `tie_weights`, `use_norm` on and `use_gate` on" in text
    assert {"switch14.png", "switch24.png", "switch34.png"} <= files(path.parent)
    assert "interaction_analysis/tie_weights_vs_use_norm.png" in files(path.parent)
    assert re.search(r"ablate-tui report .*--contrast tie_weights --color use_bias", text)


def test_a_factor_of_more_levels_is_contrasted_but_never_held(factors, undrawn, few_refits, tmp_path):
    """The switch is held on, whatever their order."""
    out = tmp_path / "out"
    assert cli.main(["report", str(factors), "--out", str(out), "--switches", "optimizer,norm"]) == 0
    folders = {name.split("/")[0] for name in files(out) if name.startswith("comparison")}
    assert folders == {"comparison_analysis_1", "comparison_analysis_2", "comparison_analysis_21"}
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "Comparison 21: `optimizer`, `norm` on" in text
    assert "`optimizer = sgd`" in text


def test_filters_hold_everywhere(runs, undrawn, few_refits, tmp_path):
    """What --set fixes is in no comparison; the slice is in words, and the findings say that they are of all runs."""
    out = tmp_path / "out"
    assert cli.main(["report", str(runs), "--out", str(out), "--set", "use_gate=on"]) == 0
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "use_gate" not in numbers(text)
    assert "Slice: use_gate = on · 24 of 48 runs" in text
    assert "findings are of the whole sweep" in text.lower()
    assert "--set use_gate=true" in text


@pytest.mark.parametrize("case", CASES)
def test_odd_sweeps(case, opened, undrawn, tmp_path):
    """A folder whose links hold, and words where there is nothing to draw."""
    path = write_report(opened(CASES[case]), Look(), str(tmp_path / "out"))
    text = path.read_text(encoding="utf-8")
    assert linked(text) == files(path.parent) - {"report.md"}
    assert "\x1b" not in text
    assert "\n\n\n" not in text
    if case in ("no switch", "one run"):
        assert "There is no switch or factor" in text
        assert files(path.parent) == {"report.md", "design.png"}
    if case in ("whole", "all diverged", "names that bite"):
        assert text.count("\n## ") == 9
    if case == "all diverged":
        assert "No picture `effects.png`: " in text
        assert "There is no ranking: " in text


BITING = ["a/b", "a b", "A_B", "../../x", "..", '[q]"', "開關" * 40, "x" * 200, "a|b`<b>*"]


def biting() -> pl.DataFrame:
    """Nine switches in a fraction of a factorial, with names that bite."""
    rng = np.random.default_rng(1)
    rows = [(*levels, float(rng.normal() + levels[0])) for levels in itertools.product((False, True), repeat=4)]
    frame = {name: [bool(rng.integers(2)) for _ in rows * 4] for name in BITING}
    return pl.DataFrame({**frame, "val_loss": [row[-1] for row in rows * 4]})


def test_training_curves_where_there_are_any(opened, undrawn, few_refits, tmp_path):
    frame = sweep().with_columns(history=pl.concat_list(pl.lit(9.0), pl.lit(5.0), "train_loss"))
    session = opened(frame)
    text = write_report(session, Look(), str(tmp_path / "out")).read_text()
    assert "curves.png" in linked(text)
    assert b"Training curves of history" in (tmp_path / "out" / "curves.png").read_bytes()
    assert "--view curves" in text
    plain = write_report(opened(frame.drop("history")), Look(), str(tmp_path / "plain")).read_text()
    assert "curves.png" not in linked(plain)


def test_names_stay_in_the_folder_and_apart(opened, undrawn, tmp_path):
    """No name leads out of the folder or is too long for it; two that look alike as files get different ones."""
    out = tmp_path / "deep" / "out"
    path = write_report(opened(biting()), Look(), str(out), BITING)
    text = path.read_text(encoding="utf-8")
    assert files(tmp_path) - {"case.parquet"} == {f"deep/out/{name}" for name in files(out)}
    cards = [name for name in files(out) if name.startswith("interaction_analysis/")]
    assert len(cards) == 8
    assert len({name.casefold() for name in cards}) == 8
    assert linked(text) == files(out) - {"report.md"}
    table = next(part for part in text.split("\n\n") if part.startswith("| number"))
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in table.strip().splitlines())


def test_more_than_nine_numbers_are_told_apart():
    """1 and 10 held together are no 110."""
    names = [f"s{at}" for at in range(1, 12)]
    assert joined(names, ("s1", "s10")) == "1-10"
    assert joined(names[:9], ("s1", "s9")) == "19"


def test_an_existing_folder(opened, undrawn, tmp_path):
    """Files of an earlier report are replaced, others stay, and no temporary file is left."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    (out / "effects.png").write_bytes(b"old")
    write_report(opened(sweep()), Look(), str(out))
    first = files(out)
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "effects.png").read_bytes().startswith(PNG)
    assert not [name for name in first if Path(name).name.startswith(".")]


def test_interrupted_amid_a_picture(opened, monkeypatch, tmp_path):
    """What is there is whole; nothing half-written is left beside it."""
    whole = os.fsync
    calls = []

    def interrupt(handle):
        calls.append(handle)
        if len(calls) == 3:
            raise KeyboardInterrupt
        whole(handle)

    monkeypatch.setattr(export, "render", lambda figure, form: PNG)
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report(opened(sweep()), Look(), str(tmp_path / "out"))
    assert all((tmp_path / "out" / name).read_bytes() == PNG for name in files(tmp_path / "out"))
    assert len(files(tmp_path / "out")) == 2


def test_interrupted_exits_with_130(runs, monkeypatch, tmp_path, capsys):
    """As every command does."""

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "render", stop)
    monkeypatch.setattr(
        "ablate_tui.tui.session.Session.finished_importance", lambda self, look, **_: self.importance(look)
    )
    monkeypatch.setattr(cli, "abandon", lambda: None)
    assert cli.main(["report", str(runs), "--out", str(tmp_path / "out")]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--switches", "use_norn"], 'did you mean "use_norm"?'),
        (["--switches", "seed"], "is taken as replicate"),
        (["--switches", ""], "--switches names none"),
        (["--switches", "use_norm", "--set", "use_norm=on"], "has one level in this slice"),
        (["--out", ""], "--out is empty"),
    ],
)
def test_wrong_command_lines(arguments, words, runs, tmp_path, capsys):
    """One line, status 2, and no folder made."""
    out = tmp_path / "out"
    assert cli.main(["report", str(runs), "--out", str(out), *arguments]) == 2
    printed = capsys.readouterr().err
    assert words in printed
    assert len(printed.splitlines()) == 1
    assert not out.exists()


def test_a_folder_that_cannot_be_made(runs, tmp_path, capsys):
    """A file is in the way: one line, status 1, before anything is computed."""
    (tmp_path / "file").write_text("")
    assert cli.main(["report", str(runs), "--out", str(tmp_path / "file" / "out")]) == 1
    printed = capsys.readouterr().err
    assert "can't write in the folder" in printed
    assert "choose another --out" in printed
    assert len(printed.splitlines()) == 1


def test_a_picture_that_cannot_be_written(opened, undrawn, tmp_path):
    """A folder in a picture's place is an error of one line."""
    (tmp_path / "out" / "effects.png").mkdir(parents=True)
    with pytest.raises(SourceError, match="is a folder"):
        write_report(opened(sweep()), Look(), str(tmp_path / "out"))


def test_progress_goes_up_to_the_end(opened, undrawn, tmp_path):
    """Never down, never beyond the total, once the number of pictures is known."""
    told = []
    write_report(opened(sweep()), Look(), str(tmp_path / "out"), None, lambda *step: told.append(step))
    done = [step[0] for step in told]
    assert done == sorted(done)
    assert all(step[0] <= step[1] for step in told)
    assert told[0][2].startswith("SHAP")
    assert any(step[2] == "effects.png" for step in told)


def test_code_and_cells_hold_any_name():
    """Backticks and bars end neither a name nor a cell."""
    assert markdown.code("a`b") == "`` a`b ``"
    assert markdown.code("a\n\x1bb") == "`a��b`"
    made = markdown.table(("x", "n"), [(markdown.code("a|b"), "1")], numeric=1)
    assert made.splitlines() == ["| x | n |", "|---|---:|", "| `a\\|b` | 1 |"]
    assert markdown.image("a b/é.png", '"<x>') == '<img src="a%20b/%C3%A9.png" alt="&quot;&lt;x&gt;" width="100%">'


def test_switches_are_checked_before_the_folder_is_made(opened, tmp_path):
    """A name that isn't there costs nothing."""
    with pytest.raises(UsageError, match="no switch"):
        write_report(opened(sweep()), Look(), str(tmp_path / "out"), ("nope",))
    assert not (tmp_path / "out").exists()
