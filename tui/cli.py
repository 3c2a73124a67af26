"""The command line. Data on stdout, words on stderr; the README lists the commands."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ablate_tui import __version__
from ablate_tui.data.errors import AblateError, UsageError
from ablate_tui.tui import ending
from ablate_tui.tui.output import abandon

if TYPE_CHECKING:
    from ablate_tui.tui.export import PictureFormat
    from ablate_tui.tui.session import Session
    from ablate_tui.tui.slice_options import SliceOptions

COMMANDS = ("demo", "show", "import", "report")
PICTURES: tuple[PictureFormat, ...] = ("png", "svg", "pdf")


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, and takes options by their whole names only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the whole usage."""
        raise UsageError(f"{message}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns
    -------
    int
        The exit status: 0, 1 (a source or file), 2 (the command line), or 130, 143 and 129 where ctrl+C, a kill
        or a dropped line ended it.
    """
    # numpy's own threads turn in circles for a while after each product, on cores that the screen and LightGBM need;
    # on a login node there would be dozens of them
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    command: Callable[[list[str]], int] = open_screen
    if arguments and arguments[0] in COMMANDS:
        command = {"demo": demo, "show": show, "import": import_, "report": report}[arguments.pop(0)]
    try:
        with ending.listening():
            return command(arguments)
    except AblateError as error:
        say(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return _ended()
    except RuntimeError as error:
        from ablate_tui.data.engine import stopped

        return _ended() if stopped(error) else _unexpected(error)
    except BrokenPipeError:  # the reader (head, less) has had enough
        abandon()
        return 128 + signal.SIGPIPE
    except Exception as error:  # a mistake of this program: still one line, and nothing half-written
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    if os.environ.get("ABLATE_TUI_TRACEBACK"):
        raise error
    words = " ".join(str(error).split()) or "no message"
    say(f"a fault of this program ({type(error).__name__}: {words}); ABLATE_TUI_TRACEBACK=1 shows where, for a report")
    return 1


def _ended() -> int:
    abandon()
    say(ending.words())
    return ending.status()


def say(words: str) -> None:
    """One line on stderr, without control characters that a name in it may have."""
    if sys.stderr is None:  # closed: print would fall back on stdout, among the data
        return
    with contextlib.suppress(OSError):  # a line that has dropped
        print("ablate-tui:", "".join(sign if sign.isprintable() else "�" for sign in words), file=sys.stderr)


def open_screen(arguments: list[str]) -> int:
    """`ablate-tui SOURCE`: the screen; without a terminal, the effects table."""
    with ending.undisturbed():
        from ablate_tui.tui import slice_options

    parser = Parser(
        prog="ablate-tui",
        description="Explore an ablation sweep: what each switch does to the loss, its mean and its spread.",
        epilog="Commands: ablate-tui demo (the shipped sweep) · show (a view as text, JSON or a picture) · "
        "import (into a DuckDB file) · report (the whole note, in a folder). Each has its own --help. "
        "A file called demo opens as ./demo.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a .duckdb, Parquet, CSV, TSV or JSON Lines file; a folder or glob; postgresql://…, s3://…",
    )
    parser.add_argument("--version", action="version", version=f"ablate-tui {__version__}")
    parser.add_argument("--follow", action="store_true", help="take in new runs as they come")
    slice_options.add(parser)
    options = parser.parse_args(arguments)
    return _screen(options.source, slice_options.read(options), options.follow)


def demo(arguments: list[str]) -> int:
    """`ablate-tui demo`: the shipped sweep."""
    with ending.undisturbed():
        from ablate_tui.data.demo import demo_database
        from ablate_tui.tui import slice_options

    parser = Parser(
        prog="ablate-tui demo", description="Open the shipped sweep: 10 switches of a small language model."
    )
    slice_options.add(parser)
    options = parser.parse_args(arguments)
    return _screen(str(demo_database(say)), slice_options.read(options))


def _screen(source: str, options: SliceOptions, follow: bool = False) -> int:
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        with ending.undisturbed():
            from ablate_tui.tui.show import print_view

        with _opened(source, options) as session:
            look = options.look(session)
            say("no terminal here, so this is the effects table; start it in a terminal, or see show --help")
            print_view(session, look, "effects", "text")
        return 0
    gc.disable()  # collecting amid the imports is in vain; the screen has it on again
    # how often Textual paints at most: a paint waits for up to two beats of this after the one before, and what
    # belongs together is painted at once anyway (`AblateApp.at_once`); without changes nothing beats
    os.environ.setdefault("TEXTUAL_FPS", "1000")
    # a thread that comes back from a native call (each of LightGBM's trees is one) waits this long for one that
    # computes: at Python's own 5 ms, painting and the ranking hold each other up
    sys.setswitchinterval(0.00002)
    # beside the reading of the source, most of which is native code
    screen = threading.Thread(target=importlib.import_module, args=("ablate_tui.tui.app",))
    screen.start()
    with _opened(source, options) as session:
        look = options.look(session)
        table = session.table(look.response, look.goal, look.fail)
        # beside the start of the screen, and in threads that quitting does not wait for
        threading.Thread(target=lambda: table.in_order, daemon=True).start()
        screen.join()
        from ablate_tui.tui.app import AblateApp
        from ablate_tui.tui.painters import cloud

        threading.Thread(target=cloud.load, daemon=True).start()

        app = AblateApp(session, look, follow)
        with app.leaving():
            app.run()
        for path in app.exported:
            print(f"wrote {path}")
        if app.ended:
            os._exit(_ended())  # what threads still compute, libraries would call leaks at Python's own end
        if app.last_words is not None:
            say(app.last_words)
        if app.return_code:
            return app.return_code
    return 0


@contextlib.contextmanager
def _opened(source: str, options: SliceOptions) -> Iterator[Session]:
    from ablate_tui.tui import progress
    from ablate_tui.tui.session import Session

    with progress.words() as tell:
        session = Session.open(source, options.choices, tell)
    for note in session.notes:
        say(note)
    try:
        yield session
    finally:
        session.close()


def show(arguments: list[str]) -> int:
    """`ablate-tui show SOURCE --view VIEW`: one view without the screen."""
    with ending.undisturbed():
        from ablate_tui.tui import slice_options
        from ablate_tui.tui.show import print_view, write_picture
        from ablate_tui.tui.views.registry import VIEWS

    parser = Parser(prog="ablate-tui show", description="Print one view of a sweep, or draw it to a file.")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--view", choices=tuple(VIEWS), required=True)
    form = parser.add_argument_group("format (default: a text table)").add_mutually_exclusive_group()
    for name, words in (
        ("json", "one JSON object"),
        ("csv", "comma-separated values"),
        ("md", "a Markdown table"),
        ("sql", "the SQL behind the figures, or behind their input"),
    ):
        form.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=words)
    for name in PICTURES:
        form.add_argument(f"--{name}", metavar="FILE", help=f"a {name.upper()} picture; - is stdout")
    slice_options.add(parser)
    options = parser.parse_args(arguments)
    read = slice_options.read(options)
    with _opened(options.source, read) as session:
        look = read.look(session)
        for name in PICTURES:
            if getattr(options, name) is not None:
                write_picture(session, look, options.view, name, getattr(options, name))
                return 0
        print_view(session, look, options.view, options.format or "text")
    return 0


def import_(arguments: list[str]) -> int:
    """`ablate-tui import SOURCE… --into FILE`: gather runs in a DuckDB file, all or nothing."""
    parser = Parser(
        prog="ablate-tui import",
        description="Gather runs in a DuckDB file: idempotent, all or nothing. What was logged for it comes in, too.",
    )
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="a file, folder or glob; or mlflow:, optuna:, tensorboard:, wandb:, hydra:, ray: or json: and a place",
    )
    parser.add_argument("--into", metavar="FILE", required=True, help="the DuckDB file to make or add to")
    options = parser.parse_args(arguments)

    with ending.undisturbed():
        from ablate_tui.data.importer import import_runs
        from ablate_tui.tui.progress import bar

    with bar() as progress:
        summary = import_runs(options.sources, options.into, progress)
    for line in summary.lines():
        print(line, file=sys.stderr)
    return 0


def report(arguments: list[str]) -> int:
    """`ablate-tui report SOURCE --out DIR`: findings and every figure, in a folder."""
    with ending.undisturbed():
        from ablate_tui.tui import slice_options
        from ablate_tui.tui.progress import bar
        from ablate_tui.tui.report import write_report

    parser = Parser(
        prog="ablate-tui report",
        description="Write the whole note of a sweep: report.md and every figure.",
        epilog="--contrast is what the comparisons and pairs are about, --color that of the dependence plots; both "
        "targets are in the report.",
    )
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--out", metavar="DIR", required=True, help="the folder to write; made where it isn't there")
    parser.add_argument(
        "--switches",
        metavar="A,B,…",
        help="what to compare, in the order of the numbers (default: the strongest); 13 is the third with the first on",
    )
    slice_options.add(parser)
    options = parser.parse_args(arguments)
    read = slice_options.read(options)
    with _opened(options.source, read) as session, bar() as progress:
        switches = None if options.switches is None else slice_options.names(options.switches)
        written = write_report(session, read.look(session), options.out, switches, progress)
    say(f"wrote {written}")
    return 0
