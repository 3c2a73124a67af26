"""Completion: what may follow, and that names stay words in real shells."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.pseudo_terminal import PseudoTerminal

from ablate_tui.data.choices import keep as keep_choices
from ablate_tui.data.schema import Choices
from ablate_tui.data.store import open_store
from ablate_tui.tui import cli
from ablate_tui.tui.completion import SHELLS, answer, complete
from ablate_tui.tui.views.registry import VIEWS

# each begins with a letter of its own, so that one key and a tab are enough
EVIL = (
    "a blank;semi&and|pipe", "b$(touch pwned)$HOME",
    "c`touch pwned`", "d'single\"double", "e\\back", "f=equals:colon,comma",
    "g*star?{1,2}[s]", "h!bang#~^", "i漢字 <in>out(paren)",
)  # fmt: skip


@pytest.fixture
def evil(tmp_path, monkeypatch) -> Path:
    """A sweep whose switches bite, in a folder of its own, with the program on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    levels = [f"{name}\tlevel" for name in ("x", "y")]
    rows = {name: [at % 2 == 0 for at in range(8)] for name in EVIL}
    rows |= {"x line\nbreak": [at % 2 for at in range(8)], "y levels": [levels[at % 2] for at in range(8)]}
    rows |= {"z opt": ["a,b", "$(touch pwned)", 'quo"te', "it's"] * 2, "loss": [float(at) for at in range(8)]}
    path = tmp_path / "runs.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path


def words(*typed: str) -> tuple[str, ...]:
    """What may stand in place of the last word, as far as it goes."""
    return tuple(word for word in complete(typed).words if word.startswith(typed[-1]))


def test_commands_options_and_their_values(runs):
    """From the parsers themselves."""
    assert words("sh") == ("show",)
    assert complete(("",)).files
    assert words("show", str(runs), "--vie") == ("--view",)
    assert words("show", str(runs), "--view", "") == tuple(VIEWS)
    assert words("show", str(runs), "--view=eff") == ("--view=effects",)
    assert words("report", str(runs), "--go") == ("--goal",)
    assert words(str(runs), "--theme", "l") == ("light",)
    assert words("completion", "") == tuple(SHELLS)
    assert complete(("show", str(runs), "--png", "")).files
    assert complete(("import", str(runs), "")).files
    assert not complete(("show", str(runs), "")).files
    assert words("doctor", "--nonsense", "") == ()


def test_every_command_has_a_parser_that_can_be_asked():
    """And `COMMANDS` names them all."""
    assert tuple(cli.commands()) == cli.COMMANDS
    for command in cli.COMMANDS:
        assert "--help" in words(command, "--h")


def test_names_and_levels_of_the_sweep(runs, factors):
    """Behind a source, for the options that take them."""
    assert words("show", str(runs), "--contrast", "use_") == ("use_norm", "use_bias", "use_gate")
    assert words(str(runs), "--set", "use_n") == ("use_norm=",)
    assert complete((str(runs), "--set", "use_n")).goes_on
    assert words(str(runs), "--set", "use_norm=o") == ("use_norm=on", "use_norm=off")
    assert words(str(factors), "--set", "optimizer=sgd,a") == ("optimizer=sgd,adam",)
    assert words(str(factors), "--on", "norm=") == ("norm=0", "norm=1")
    assert words(str(factors), "--role", "seed=rep") == ("seed=replicate",)
    assert "val_loss" in words(str(runs), "--response", "")
    assert words(str(runs), "--location", "use_norm,use_b") == ("use_norm,use_bias",)
    assert words("demo", "--contrast", "use_rms") == ("use_rms_norm",)
    assert words("show", "nothing.csv", "--contrast", "") == ()
    assert words("show", "postgresql://nowhere/runs", "--contrast", "") == ()


def test_roles_that_were_kept_count(runs):
    """What the screen would show is what may be named."""
    keep_choices(str(runs), open_store(str(runs)).table, Choices(roles={"use_bias": "ignored"}))
    assert words("show", str(runs), "--contrast", "use_") == ("use_norm", "use_gate")


def test_a_link_that_leads_nowhere_does_no_harm(runs):
    """In a folder of runs."""
    (runs.parent / "gone.parquet.old").symlink_to(runs.parent / "nowhere")
    assert words("show", str(runs.parent), "--contrast", "use_n") == ("use_norm",)


@pytest.mark.parametrize("before", [[], ["show"]])
def test_two_dashes_alone_begin_an_option(before, capfd):
    """Where they are the word to complete, they end no options."""
    assert cli.main(["completion", "zsh", "--words", *before, "--"]) == 0
    assert "--contrast" in capfd.readouterr().out.splitlines()


def test_a_level_with_a_comma_is_quoted_as_csv(evil):
    """So that --set reads one level."""
    assert 'z opt="a,b"' in words(str(evil), "--set", "z opt=")


def test_what_cannot_be_typed_is_left_out(evil):
    """Line breaks and tabs in names would be keys to a shell."""
    assert "x line\nbreak=" in words(str(evil), "--set", "x")
    assert answer("zsh", (str(evil), "--set", "x")) == "more\n"


@contextlib.contextmanager
def _shell(name: str) -> Iterator[Callable[[str], list[str]]]:
    """A real shell, in which `said` prints its words and is completed as the program is; the words of a typed line."""
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here")
    command, script = REAL[name]
    with PseudoTerminal(command, 200, 40, {"PS1": "% ", "HISTFILE": "/dev/null"}) as terminal:
        terminal.wait_quiet(0.5)
        terminal.send(script + "\n")
        terminal.wait_for("ready")

        def typed(keys: str) -> list[str]:
            terminal.send("clear\r")
            terminal.wait_quiet(0.2)
            terminal.send(f"said {keys}\r")
            terminal.wait_for("<end>")
            text = "".join(terminal.text.split("said ", 1)[1].splitlines())
            return [part.split(">>")[0] for part in text.split("<<")[1:]]

        yield typed


BASH = (
    'source <(ablate-tui completion bash); said() { printf "<<%s>>" "$@"; echo "<"end">"; }; '
    "complete -o default -F _ablate_tui said; echo rea''dy"
)
ZSH = (
    "autoload -Uz compinit; compinit -u -D; source <(ablate-tui completion zsh); "
    'said() { printf "<<%s>>" "$@"; echo "<"end">" }; compdef _ablate_tui said; echo rea""dy'
)
FISH = (
    "ablate-tui completion fish | source; function said; printf '<<%s>>' $argv; echo '<'end'>'; end; "
    "complete -c said -f -a '(__ablate_tui)'; echo rea''dy"
)
REAL = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], BASH),
    "zsh": (["zsh", "-f", "-i"], ZSH),
    "fish": (["fish", "--no-config", "-i"], FISH),
}


@pytest.mark.parametrize("shell", REAL)
def test_names_stay_words_in_a_real_shell(shell, evil):
    """Completed from one letter, each name arrives as it is, and nothing in it is run."""
    with _shell(shell) as typed:
        for name in EVIL:
            assert typed(f"{evil.name} --contrast {name[0]}\t") == [evil.name, "--contrast", name]
        # levels: the part before the sign stays, whatever the shell takes for a break
        assert typed(f"{evil.name} --set z\t\\$\t") == [evil.name, "--set", "z opt=$(touch pwned)"]
        assert typed("show ru\t--vi\teff\t") == ["show", evil.name, "--view", "effects"]
    assert not (evil.parent / "pwned").exists()


def test_bash_goes_on_inside_a_quote(evil):
    """A word that begins with a quote is completed within it."""
    with _shell("bash") as typed:
        for quote, name in itertools.product("\"'", EVIL[:5]):
            assert typed(f"{evil.name} --contrast {quote}{name[0]}\t") == [evil.name, "--contrast", name]
    assert not (evil.parent / "pwned").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_are_sound(shell):
    """As the shell itself reads them."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    assert subprocess.run([shell, "-n"], input=SHELLS[shell], text=True, check=False).returncode == 0
