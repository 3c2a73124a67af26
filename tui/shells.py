"""What a shell is told to complete this program's words, and how bash splits and quotes a line."""

from __future__ import annotations

from collections.abc import Sequence

BASH = """\
# completion of ablate-tui for bash
_ablate_tui() {
    local line found=() mark
    mapfile -t found < <(ablate-tui completion bash --words "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    mark=${found[0]-}
    COMPREPLY=("${found[@]:1}")
    case $mark in *more*) compopt -o nospace ;; esac
    case $mark in *files*) ;; *) compopt +o default ;; esac
}
complete -o default -F _ablate_tui ablate-tui
"""
ZSH = """\
#compdef ablate-tui
# completion of ablate-tui for zsh
_ablate_tui() {
    local -a found
    found=("${(@f)$(ablate-tui completion zsh --words "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    local mark=$found[1]
    found=("${(@)found[2,-1]}")
    if [[ $mark == *more* ]]; then compadd -S '' -a found; else compadd -a found; fi
    [[ $mark != *files* ]] || _files
}
if [[ $funcstack[1] == _ablate-tui ]]; then _ablate_tui "$@"; else compdef _ablate_tui ablate-tui; fi
"""
FISH = """\
# completion of ablate-tui for fish
function __ablate_tui
    set -l now (commandline -ct | string unescape; or commandline -ct)
    set -l found (ablate-tui completion fish --words (commandline -opc)[2..-1] "$now" 2>/dev/null)
    test (count $found) -gt 0; or return
    printf '%s\\n' $found[2..-1]
    string match -q '*files*' -- $found[1]; and __fish_complete_path (commandline -ct)
end
complete -c ablate-tui -f -a '(__ablate_tui)'
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
BREAKS = "\"'><=;|&(:"  # where bash begins another word for its completion, besides blanks
SPECIAL = " \t\"'\\`$&;|<>()[]{}*?!#~^"


def script(shell: str) -> str:
    """The script of a shell."""
    return SHELLS[shell]


def _scan(line: str) -> tuple[list[str], str, int]:
    """Words of an unfinished line as bash reads them, the quote that is open, and where the last word begins."""
    words, quote, start = [""], "", 0
    at, inside = 0, False
    while at < len(line):
        sign = line[at]
        if quote:
            if sign == quote:
                quote = ""
            elif sign == "\\" and quote == '"' and line[at + 1 : at + 2] in ("$", "`", '"', "\\"):
                at += 1
                words[-1] += line[at]
            else:
                words[-1] += sign
        elif sign in "\"'":
            quote, inside = sign, True
        elif sign == "\\":
            at, inside = at + 1, True
            words[-1] += line[at : at + 1]
        elif sign in " \t":
            if inside:
                words.append("")
            inside, start = False, at + 1
        else:
            words[-1] += sign
            inside = True
        at += 1
    return words, quote, start


def bash_words(line: str) -> list[str]:
    """The words after the program's name in an unfinished line, the one that is being written last."""
    return _scan(line)[0][1:]


def bash_line(line: str, words: Sequence[str]) -> list[str]:
    """Words as bash puts them into a line: quoted, without what it keeps before the last of its breaks."""
    _, quote, start = _scan(line)
    typed = line[start:]
    if quote:
        opened = typed.rindex(quote)
        before = _scan("x " + typed[:opened])[0][-1] if opened else ""
        return [_within(word.removeprefix(before), quote) for word in words]
    kept = 0
    for at, sign in enumerate(typed):
        if sign in BREAKS and not (at and typed[at - 1] == "\\"):
            kept = at + 1
    before = _scan("x " + typed[:kept])[0][-1] if kept else ""
    return [_escaped(word.removeprefix(before)) for word in words]


def _escaped(word: str) -> str:
    return "".join(f"\\{sign}" if sign in SPECIAL else sign for sign in word)


def _within(word: str, quote: str) -> str:
    """A word behind an open quote."""
    if quote == "'":
        return word.replace("'", "'\\''")
    return "".join(f"\\{sign}" if sign in '"\\$`' else sign for sign in word)
