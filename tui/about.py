"""The commands that are about the program itself: its settings, what it finds, completion for shells."""

from __future__ import annotations

from ablate_tui.tui.output import send, send_words
from ablate_tui.tui.parser import Parser


def config(arguments: list[str]) -> int:
    """`ablate-tui config`: where the settings are, and what is in force."""
    parser = Parser(
        prog="ablate-tui config",
        description="Print where your settings are and what is in force, as TOML that can be kept as that file. "
        "ABLATE_TUI_CONFIG names another file.",
    )
    parser.parse_args(arguments)
    from ablate_tui.tui import screen_options
    from ablate_tui.tui.config import as_toml, config_file, load
    from ablate_tui.tui.keymap import all_bindings, remapped

    settings = screen_options.with_keys(load())
    keys = {
        id_: (remapped(binding, settings.keys).key, binding.tooltip or binding.description)
        for id_, binding in all_bindings().items()
    }
    send_words(as_toml(settings, keys, config_file()))
    return 0


def doctor(arguments: list[str]) -> int:
    """`ablate-tui doctor`: what the terminal can do, and what there is."""
    parser = Parser(
        prog="ablate-tui doctor",
        description="Print what the terminal can do and what the program finds, a line a fact, for a report.",
    )
    parser.parse_args(arguments)
    from ablate_tui.tui.doctor import facts

    send_words("".join(f"{name}: {words}\n" for name, words in facts()))
    return 0


def completion(arguments: list[str]) -> int:
    """`ablate-tui completion SHELL`: a script for a shell; with words, what may stand in place of the last one."""
    from ablate_tui.tui.completion import SHELLS, answer, script

    parser = Parser(
        prog="ablate-tui completion",
        description="Print a script that completes commands, options, files, and the names and levels of a sweep.",
        epilog="bash: save it in ~/.local/share/bash-completion/completions/ablate-tui. zsh: save it as _ablate-tui "
        "in a folder of $fpath. fish: save it as ~/.config/fish/completions/ablate-tui.fish.",
    )
    parser.add_argument("shell", choices=tuple(SHELLS))
    # not argparse's to read: it would take a "--" out of them
    asked = arguments.index("--words") if "--words" in arguments else len(arguments)
    options = parser.parse_args(arguments[:asked])
    if asked == len(arguments):
        send_words(script(options.shell))
    else:
        send(answer(options.shell, arguments[asked + 1 :]).encode("utf-8", "surrogateescape"))
    return 0
