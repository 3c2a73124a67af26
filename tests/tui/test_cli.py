"""The command line: its contract, in the same process where that is enough, and as a real process."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
from tests.conftest import sweep

from ablate_tui import __version__
from ablate_tui.data.demo import SHIPPED
from ablate_tui.tui import cli
from ablate_tui.tui.views.registry import VIEWS

PROGRAM = (sys.executable, "-m", "ablate_tui")
VIEW_KEYS = ("source", "slice", "response", "goal", "rows", "notes")
ROW_FIELDS = {
    "curves": "level step n q25 median q75",
    "effects": "switch on off n_on n_off mean_diff sd_ratio location_p verdict reason",
    "importance": "rank switch mean_abs_shap low high share signed_effect noise_floor",
    "dependence": "configuration level color shap n",
    "pairs": "pair configuration replicate on off difference",
    "findings": "text view figures p",
    "interactions": "a b n_00 n_01 n_10 n_11 mean_did mean_did_low mean_did_high mean_q shap_interaction",
    "halfnormal": "term effect quantile active",
    "best": "switch share base p",
    "design": "column role levels n constant aliases",
    "compare": "level n diverged missing mean sd min q05 q25 median q75 q95 max",
    "runs": "use_norm use_bias tie_weights use_gate seed val_loss train_loss",
}
OWN_KEYS = {
    "importance": "target method configurations r2_out_of_fold r2_ceiling",
    "halfnormal": "target pse me sme",
    "best": "runs",
    "design": "next",
    "compare": "histogram kde ecdf pairwise omnibus",
    "pairs": "switch total ends level_pairs",
}
needs_full = pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")


def process(*arguments: object, **more: object) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own, without a terminal."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        stderr=subprocess.PIPE,
        timeout=60,
        **more,  # type: ignore[call-overload]
    )


def one_line(words: str | bytes) -> str:
    """The one line on stderr that an error is."""
    text = words.decode() if isinstance(words, bytes) else words
    assert text.endswith("\n"), text
    (line,) = text.splitlines()
    assert line.startswith("ablate-tui: "), text
    assert "Traceback" not in line
    assert line.isprintable()
    return line


@pytest.fixture
def show(capsys):
    """`ablate-tui show` in this process: give the JSON object, or the text of another format."""

    def call(source, *arguments, view="effects", form="json"):
        assert cli.main(["show", str(source), "--view", view, f"--{form}", *map(str, arguments)]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out) if form == "json" else out

    return call


@pytest.fixture
def fails(capsys):
    """The one line that a command ends with."""

    def call(status, *arguments):
        assert cli.main([str(argument) for argument in arguments]) == status
        out, err = capsys.readouterr()
        assert out == ""
        return one_line(err)

    return call


@pytest.fixture
def odd(tmp_path) -> Path:
    """Names and levels with "=", commas and quotes."""
    rows = [
        (
            norm,
            opt,
            bool(use),
            seed,
            2.0 + use + seed / 10 + len(opt) / 100,
            f"[3.5, {2.0 + use}, {2.5 + use}]",
        )
        for norm in ("none", "rms")
        for opt in ("x=1", "y,z", 'say "a"')
        for use in (0, 1)
        for seed in (0, 1)
    ]
    path = tmp_path / "odd.csv"
    schema = ["norm", "opt", "a=b", "seed", "val_loss", "history"]
    pl.DataFrame(rows, schema=schema, orient="row").write_csv(path)
    return path


@pytest.fixture
def database(tmp_path, runs) -> Path:
    """The small sweep as a table "sweep" of a DuckDB file, beside another table."""
    path = tmp_path / "sweep.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE sweep AS SELECT * FROM '{runs}'")
        connection.execute("CREATE TABLE other AS SELECT 1 AS a, 2.5 AS loss")
    return path


# --- formats ---


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_in_every_text_format(view, runs, show, capsys, few_refits):
    """JSON has the contract's keys, CSV and Markdown the same rows, SQL runs, text is a table."""
    if view == "curves":
        history = [[3.0, 2.5 - at % 2 / 2, 2.0 + at / 100] for at in range(48)]
        pl.read_parquet(runs).with_columns(history=pl.Series(history)).write_parquet(runs)
    document = show(runs, "--contrast", "use_norm", view=view)
    assert tuple(document)[: len(VIEW_KEYS)] == VIEW_KEYS
    assert document["source"] == {"path": str(runs), "table": "runs", "runs": 48}
    assert document["slice"] == {"set": {}, "contrast": "use_norm", "runs": 48, "diverged": 2, "missing": 1}
    assert (document["response"], document["goal"]) == ("val_loss", "min")
    assert document["rows"]
    for row in document["rows"]:
        assert set(ROW_FIELDS[view].split()) <= set(row)
    assert set(OWN_KEYS.get(view, "").split()) <= set(document)
    for note in document["notes"]:
        assert tuple(note) == ("row", "field", "reason")

    head, *lines = csv.reader(io.StringIO(show(runs, "--contrast", "use_norm", view=view, form="csv")))
    assert head == list(document["rows"][0])
    assert len(lines) == len(document["rows"])
    for line, row in zip(lines, document["rows"], strict=True):
        for text, value in zip(line, row.values(), strict=True):
            if value is None or isinstance(value, str):
                assert text == (value or "")
            else:
                assert json.loads(text) == value

    markdown = show(runs, view=view, form="md").splitlines()
    table = [line for line in markdown if line.startswith("|")]
    if view == "findings":  # sentences, not figures
        assert markdown[2].startswith("1. ")
    else:
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    sql = show(runs, view=view, form="sql")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW runs AS SELECT * FROM '{runs}'")
        assert connection.execute(sql).fetchall()
    assert cli.main(["show", str(runs), "--view", view]) == 0
    assert ("1. " if view == "findings" else "─") in capsys.readouterr().out


@pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG\r\n\x1a\n"), ("svg", b"<?xml"), ("pdf", b"%PDF-")])
def test_pictures_to_a_file_and_to_stdout(form, magic, runs, tmp_path, capfdbinary):
    """The same bytes go to either; where the file is, is said on stderr."""
    target = tmp_path / f"view.{form}"
    arguments = ["show", str(runs), "--view", "effects", f"--{form}"]
    assert cli.main([*arguments, str(target)]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert err.decode() == f"wrote {target}\n"
    assert cli.main([*arguments, "-"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(magic)
    assert out == target.read_bytes()
    assert err == b""


# --- slice options ---


def test_set_on_and_off(runs, show):
    """ "on" and "off" stand for the levels of a switch."""
    document = show(runs, "--set", "use_norm=on", "--set", "use_gate=off", "--contrast", "use_bias")
    assert document["slice"]["set"] == {"use_norm": ["true"], "use_gate": ["false"]}
    assert document["slice"]["runs"] == 12


@pytest.mark.parametrize(
    ("text", "name", "levels"),
    [
        ("a=b=on", "a=b", ["true"]),
        ("opt=x=1", "opt", ["x=1"]),
        ('opt="y,z"', "opt", ["y,z"]),
        ('opt="say ""a""",x=1', "opt", ['say "a"', "x=1"]),
    ],
)
def test_set_splits_at_a_column_and_reads_levels_as_csv(text, name, levels, odd, show):
    """The first "=" whose left side is a column; commas and quotes as in a CSV file."""
    document = show(odd, "--set", text)
    assert {key: sorted(value) for key, value in document["slice"]["set"].items()} == {name: sorted(levels)}
    assert document["slice"]["runs"] == {"a=b": 12, "opt": 8 * len(levels)}[name]


def test_choices_on_role_goal_response_and_fail(odd, show):
    """What is guessed can be said otherwise."""
    rows = {row["switch"]: row for row in show(odd)["rows"]}
    assert (rows["norm"]["on"], rows["a=b"]["on"]) == ("rms", "true")
    assert rows["a=b"]["mean_diff"] == pytest.approx(1.0)
    document = show(odd, "--on", "norm=none", "--on", "a=b=false", "--goal", "max", "--role", "opt=ignored")
    rows = {row["switch"]: row for row in document["rows"]}
    assert (rows["norm"]["on"], rows["a=b"]["on"], rows["a=b"]["mean_diff"]) == (
        "none",
        "false",
        pytest.approx(-1.0),
    )
    assert set(rows) == {"norm", "a=b"}
    assert document["goal"] == "max"
    document = show(odd, "--response", "2 * val_loss", "--goal", "min")
    assert document["response"] == "2 * val_loss"
    document = show(odd, "--response", "list_min(history)")
    rows = {row["switch"]: row for row in document["rows"]}
    assert (rows["a=b"]["on"], rows["a=b"]["mean_off"]) == ("false", pytest.approx(3.0))
    document = show(odd, "--response", "val_loss", "--fail", "val_loss > 3.05")
    rows = {row["switch"]: row for row in document["rows"] if row["off"] != "rest"}
    assert (rows["a=b"]["failed_on"], rows["a=b"]["failed_off"]) == (0, 8 / 12)


def test_location_terms(runs, show):
    """The location model has the terms asked for, however they are quoted, and no others."""
    mains = "use_norm,use_bias,tie_weights,use_gate"
    found = [
        {row["switch"]: row["location_p"] for row in show(runs, *options)["rows"]}
        for options in (
            ["--location", mains],
            ["--location", f"{mains},use_norm:use_gate,use_bias:use_gate"],
            ["--location", f'"use_gate", {mains} ,"use_gate:use_norm", use_gate : use_bias'],
        )
    ]
    assert all(None not in rows.values() for rows in found)
    assert found[0] != found[1]
    assert found[2] == pytest.approx(found[1])


def test_contrast_ends_its_own_filter(runs, show):
    """A contrast is never filtered."""
    document = show(runs, "--set", "use_norm=on", "--contrast", "use_norm", view="compare")
    assert document["slice"]["set"] == {}
    assert [row["level"] for row in document["rows"]] == ["false", "true"]


def test_color_and_target(runs, show, few_refits):
    """Dependence is coloured by the switch asked for, importance explains the target asked for."""
    document = show(runs, "--contrast", "use_norm", "--color", "use_gate", view="dependence")
    assert {row["color"] for row in document["rows"]} == {"false", "true"}
    plain = show(runs, "--contrast", "use_norm", "--color", "use_bias", view="dependence")
    assert [row["color"] for row in plain["rows"]] != [row["color"] for row in document["rows"]]
    assert show(runs, "--target", "spread", view="importance")["target"] == "spread"


def test_a_table_of_a_database(database, show, fails):
    """Among several tables one is chosen."""
    document = show(database, "--table", "sweep")
    assert document["source"] == {"path": str(database), "table": "sweep", "runs": 48}
    assert "--table" in fails(2, "show", database, "--view", "effects")


def test_choices_are_remembered(runs, show):
    """What columns are holds for the same source until it is said otherwise; what is looked at does not."""
    show(runs, "--response", "train_loss", "--goal", "max", "--fail", "train_loss > 2", "--on", "use_norm=false")
    document = show(runs)
    assert {row["switch"]: row["on"] for row in document["rows"]}["use_norm"] == "false"
    assert (document["response"], document["goal"]) == ("val_loss", "min")
    assert all(row["failed_on"] < 0.2 for row in document["rows"])
    assert show(runs, "--role", "train_loss=response")["response"] == "train_loss"
    assert show(runs)["response"] == "train_loss"
    assert show(runs, "--response", "val_loss")["response"] == "val_loss"
    assert show(runs, "--on", "use_norm=true")["rows"][0]["on"] == "true"
    assert show(runs)["rows"][0]["on"] == "true"


def test_a_state_folder_that_can_not_be_written(runs, show, capsys, monkeypatch, tmp_path):
    """The figures come all the same; a line says that the choice is not kept."""
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    monkeypatch.setenv("ABLATE_TUI_STATE", str(blocked))
    assert cli.main(["show", str(runs), "--view", "effects", "--json", "--on", "use_norm=false"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["rows"]) == 4
    assert "ABLATE_TUI_STATE" in err
    assert len(err.splitlines()) == 1


def test_a_kept_choice_that_no_longer_fits(runs, show, capsys):
    """The source has changed: what is guessed takes the choice's place, and a line says so."""
    show(runs, "--role", "train_loss=response", "--role", "use_bias=ignored")
    frame = pl.read_parquet(runs).drop("train_loss", "use_bias")
    frame.write_parquet(runs)
    assert cli.main(["show", str(runs), "--view", "effects", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines() == ["ablate-tui: the choices kept for this source no longer fit it and are left out"]
    document = json.loads(out)
    assert document["response"] == "val_loss"
    assert [row["switch"] for row in document["rows"]] == ["use_norm", "tie_weights", "use_gate"]


# --- errors ---


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--view", "efects"], ["efects", "'effects'"]),
        ([], ["--view"]),
        (["--view", "effects", "--set", "use_nrm=on"], ['"use_nrm"', 'did you mean "use_norm"']),
        (["--view", "effects", "--set", "use_norm=maybe"], ['"use_norm" has no level "maybe"', '"true"']),
        (["--view", "effects", "--set", "use_norm="], ['no level ""']),
        (["--view", "effects", "--set", "use_norm=true\nfalse"], ["no level"]),
        (["--view", "effects", "--set", "use_norm"], ['no "="', "SWITCH=LEVEL"]),
        (["--view", "effects", "--set"], ["--set", "expected one argument"]),
        (["--view", "effects", "--set", "seed=1"], ['"seed" is taken as replicate', "--role seed=factor"]),
        (["--view", "effects", "--contrast", "use_nrm"], ['did you mean "use_norm"']),
        (["--view", "dependence", "--color", "\x1b[31m"], ["no switch"]),
        (["--view", "importance", "--target", "median"], ["'mean'", "'spread'"]),
        (["--view", "effects", "--goal", "least"], ["'min'", "'max'"]),
        (["--view", "effects", "--on", "use_norm=maybe"], ['no level "maybe"']),
        (["--view", "effects", "--on", "use_norm"], ['no "="']),
        (["--view", "effects", "--role", "use_norm=swich"], ['did you mean "switch"']),
        (["--view", "effects", "--role", "use_nrm=factor"], ['no column "use_nrm"', '"use_norm"']),
        (["--view", "effects", "--response", "val_los"], ['no column "val_los"', 'did you mean "val_loss"']),
        (["--view", "effects", "--response", "val_loss *"], ["neither a column nor SQL"]),
        (["--view", "effects", "--response", ""], ["--response is empty"]),
        (["--view", "effects", "--response", "CAST(val_loss AS VARCHAR)"], ["VARCHAR, not a number"]),
        (
            ["--view", "effects", "--response", "(SELECT count(*) FROM read_text('/etc/hostname'))"],
            ["disabled"],
        ),
        (["--view", "effects", "--fail", "val_los > 3"], ["val_los"]),
        (["--view", "effects", "--fail", " "], ["--fail is empty"]),
        (["--view", "effects", "--fail", "val_loss"], ["--fail condition", "true or false"]),
        (["--view", "effects", "--location", ""], ["location terms are empty", "a,b,a:b"]),
        (["--view", "effects", "--location", "use_norm,use_nrm"], ['no switch "use_nrm"', 'did you mean "use_norm"']),
        (["--view", "effects", "--location", "use_norm:seed"], ['"seed" is taken as replicate']),
        (["--view", "effects", "--location", "none"], ['no switch "none"']),
        (["--view", "effects", "--location", "use_norm:use_norm"], ["a factor twice"]),
        (
            ["--view", "effects", "--location", "use_norm:use_bias:tie_weights:use_gate"],
            ["has 4 factors", "3 are the most"],
        ),
        (["--view", "effects", "--table", "runs"], ["not a DuckDB file"]),
        (["--view", "effects", "--json", "--csv"], ["--csv", "--json"]),
        (["--view", "effects", "--png"], ["--png"]),
        (["--view", "effects", "--wat"], ["--wat"]),
    ],
)
def test_wrong_command_lines(options, words, runs, fails):
    """Status 2 and one line that names what is wrong and what there is."""
    line = fails(2, "show", runs, *options)
    for word in words:
        assert word in line


def test_wrong_commands(runs, fails):
    """The same for the other commands."""
    assert "SOURCE" in fails(2)
    assert "extra" in fails(2, runs, "extra")
    assert "--into" in fails(2, "import", runs)
    assert 'did you mean "use_rms_norm"' in fails(2, "demo", "--contrast", "use_nrm")
    assert 'did you mean "use_norm"' in fails(2, runs, "--contrast", "use_nrm")


def test_sources_that_cannot_be_read(tmp_path, runs, database, fails):
    """Status 1 and one line that names the file."""
    truncated = tmp_path / "cut.duckdb"
    truncated.write_bytes(database.read_bytes()[: database.stat().st_size // 2])
    foreign = tmp_path / "view.csv"
    foreign.write_bytes(b"\x89PNG\r\n\x1a\n0000")
    empty = tmp_path / "empty.csv"
    empty.touch()
    folder = tmp_path / "no runs here"
    folder.mkdir()
    bad_name = Path(os.fsdecode(os.fsencode(tmp_path / "runs-") + b"\xff.csv"))
    bad_name.write_text("use_a,loss\n0,1.5\n1,2.5\n")
    for source, words in (
        (tmp_path / "run.parquet", "did you mean"),
        (empty, "is empty"),
        (folder, "holds no runs"),
        (truncated, "DuckDB"),
        (foreign, "is a picture"),
        (bad_name, "not UTF-8"),
    ):
        for command in (
            ["show", source, "--view", "runs"],
            ["import", source, "--into", tmp_path / "into.duckdb"],
        ):
            line = fails(1, *command)
            assert words in line
            assert source.name.partition("-")[0] in line
    assert not (tmp_path / "into.duckdb").exists()
    assert "did you mean" in fails(1, tmp_path / "run.parquet")


@pytest.mark.parametrize("view", ["importance", "interactions", "halfnormal"])
def test_losses_near_the_largest_number_give_words_and_no_warnings(view, tmp_path):
    """What numpy says of an overflow, with a line of source, is of no use to a researcher."""
    path = tmp_path / "huge.csv"
    sweep().fill_nan(None).with_columns(pl.col("val_loss") * 1e307).write_csv(path)
    done = process("show", path, "--view", view, "--response", "val_loss")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "too large" in done.stdout.decode() or view == "importance"


def test_no_response(tmp_path, fails):
    """Nothing numeric: what to do is said."""
    path = tmp_path / "words.csv"
    path.write_text("a,b\nx,y\nz,y\n")
    assert "--response" in fails(2, "show", path, "--view", "effects")


def test_outputs_that_cannot_be_written(tmp_path, runs, fails):
    """A folder, a missing folder, a name that is too long, a folder that isn't one."""
    before = sorted(os.listdir(tmp_path))
    for target, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "nowhere" / "view.png", "No such file"),
        (tmp_path / f"{'x' * 300}.png", "too long"),
        (runs / "view.png", "Not a directory"),
    ):
        assert words in fails(1, "show", runs, "--view", "effects", "--png", target)
    assert "written" in fails(1, "import", runs, "--into", tmp_path / "nowhere" / "runs.duckdb")
    assert sorted(os.listdir(tmp_path)) == before


@needs_full
def test_a_full_device_stays_a_device(tmp_path, runs, fails):
    """What is no ordinary file is written to, never replaced; a link is followed."""
    link = tmp_path / "full.png"
    link.symlink_to("/dev/full")
    assert "No space left" in fails(1, "show", runs, "--view", "effects", "--png", link)
    assert link.is_symlink()
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_pipe_in_the_file_system(tmp_path, runs):
    """A named pipe hands the picture on."""
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    assert cli.main(["show", str(runs), "--view", "effects", "--png", str(pipe)]) == 0
    out, _ = reader.communicate(timeout=60)
    assert out.startswith(b"\x89PNG")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


# --- as a process ---


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_stdout_that_is_full_closed_or_left(unbuffered, runs, monkeypatch):
    """One line and status 1 where it can't be written; silence where the reader has had enough."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    show = [*PROGRAM, "show", runs, "--view", "effects"]
    if Path("/dev/full").is_char_device():
        with open("/dev/full", "wb") as full:
            for form in ([], ["--svg", "-"]):
                done = process(*show[3:], *form, stdout=full)
                assert done.returncode == 1
                assert "No space left" in one_line(done.stderr)
    closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *show], stderr=subprocess.PIPE, timeout=60)
    assert closed.returncode == 1
    assert "closed" in one_line(closed.stderr)
    command = [*PROGRAM, "show", str(SHIPPED), "--view", "runs", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        assert left.stdout
        assert left.stderr
        assert left.stdout.readline() == b"{\n"
        left.stdout.close()
        assert left.stderr.read() == b""
    assert left.returncode == 128 + signal.SIGPIPE


def test_interrupted_while_it_writes():
    """SIGINT amid a long output: status 130 and one line, though nobody reads the rest."""
    command = [*PROGRAM, "show", str(SHIPPED), "--view", "runs", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as going:
        assert going.stdout
        assert going.stderr
        assert going.stdout.read(1) == b"{"  # the pipe takes 64 KiB, the document is larger
        going.send_signal(signal.SIGINT)
        assert one_line(going.stderr.read()) == "ablate-tui: interrupted"
    assert going.returncode == 130


def test_interrupted_while_duckdb_works(tmp_path):
    """SIGINT amid an import: status 130, and no target, half of one, or litter."""
    path = tmp_path / "big.csv"
    path.write_text("use_a,use_b,val_loss\n" + "".join(f"{i & 1},{i >> 1 & 1},{i}.5\n" for i in range(400_000)))
    into = tmp_path / "runs.duckdb"
    command = [*PROGRAM, "import", str(path), "--into", str(into)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as going:
        assert going.stderr
        copy = tmp_path / ".runs.duckdb.importing"
        while not copy.exists():
            assert going.poll() is None
        going.send_signal(signal.SIGINT)
        assert one_line(going.stderr.read()) == "ablate-tui: interrupted"
    assert going.returncode == 130
    assert [name for name in os.listdir(tmp_path) if "runs.duckdb" in name] == []


def test_interrupted_while_modules_load():
    """A ctrl+C that comes while modules load is held back till they are there."""
    code = (
        "import os, signal, sys\n"
        "from ablate_tui.tui import cli\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'duckdb':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "status = cli.main(['show', 'nothing.csv', '--view', 'effects'])\n"
        "assert sys.modules['duckdb'].connect\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert one_line(done.stderr) == "ablate-tui: interrupted"
    assert done.returncode == 130


def test_a_database_that_another_process_holds(database, show):
    """The holder is named, and what it has written so far is shown; its file is left as it is."""
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", hold, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    before = database.read_bytes()
    done = process("show", database, "--table", "sweep", "--view", "effects", "--json")
    holder.communicate(timeout=60)
    assert done.returncode == 0
    assert json.loads(done.stdout)["source"] == {"path": str(database), "table": "sweep", "runs": 48}
    assert f"(process {holder.pid}): what it has written so far is shown" in done.stderr.decode()
    assert show(database, "--table", "sweep")["source"]["runs"] == 48
    assert database.read_bytes() == before


def test_source_is_let_go_and_left_as_it_was(database, capfd):
    """While the text goes out, another process can write to the file; afterwards its bytes are the same."""
    before, names = database.read_bytes(), sorted(os.listdir(database.parent))
    assert cli.main(["show", str(database), "--table", "sweep", "--view", "runs"]) == 0
    assert database.read_bytes() == before
    assert sorted(os.listdir(database.parent)) == names
    capfd.readouterr()


def test_screen_commands_without_a_terminal(tmp_path, runs):
    """The effects table on stdout, one line on stderr, status 0."""
    for source in (["demo"], ["demo"], [runs]):
        done = process(*source)
        assert done.returncode == 0
        assert "terminal" in one_line(done.stderr)
        assert done.stdout.decode().startswith("Effects\n")
        assert "use_rms_norm" in done.stdout.decode() or source == [runs]
    closed = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *PROGRAM, runs],
        capture_output=True,
        timeout=60,
    )
    assert closed.returncode == 0
    assert "terminal" in one_line(closed.stderr)
    assert (tmp_path / "data" / "runs.duckdb").exists()


def test_a_file_that_is_called_like_a_command(tmp_path, runs):
    """`./demo` is a file."""
    (tmp_path / "demo").write_bytes(runs.read_bytes())
    done = process("./demo", cwd=tmp_path)
    assert done.returncode == 0
    assert b"tie_weights" in done.stdout


def test_a_locale_that_knows_no_minus_sign(runs, monkeypatch):
    """Output is UTF-8, whatever the locale says."""
    for name, value in (("LC_ALL", "C"), ("PYTHONCOERCECLOCALE", "0"), ("PYTHONUTF8", "0")):
        monkeypatch.setenv(name, value)
    done = process("show", runs, "--view", "effects")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Δ mean" in done.stdout.decode()


def test_version_and_help():
    """To stdout, status 0."""
    done = process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ablate-tui {__version__}\n".encode(), b"")
    done = process("show", "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    for view in VIEWS:
        assert view in done.stdout.decode()


def test_import_twice(tmp_path, odd, show):
    """As a process: words on stderr, nothing on stdout, nothing doubled, and the source unchanged."""
    into, before = tmp_path / "runs.duckdb", odd.read_bytes()
    first = process("import", odd, "--into", into)
    content = into.read_bytes()
    again = process("import", odd, odd.parent / "*.csv", "--into", into)
    assert (first.returncode, first.stdout) == (0, b"")
    assert (again.returncode, again.stdout) == (0, b"")
    assert "24 runs" in first.stderr.decode()
    assert "left alone" in again.stderr.decode()
    assert into.read_bytes() == content
    assert odd.read_bytes() == before
    assert show(into)["source"] == {"path": str(into), "table": "runs", "runs": 24}
