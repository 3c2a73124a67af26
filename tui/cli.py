"""The command line. Data on stdout, words on stderr; docs/command_line.md lists the commands."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from ablate_tui import __version__
from ablate_tui.data.errors import AblateError, UsageError, fault_words
from ablate_tui.tui import abilities, about, ascii, ending
from ablate_tui.tui.output import abandon, say
from ablate_tui.tui.parser import Parser

if TYPE_CHECKING:
    from ablate_tui.tui.config import Config
    from ablate_tui.tui.export import PictureFormat
    from ablate_tui.tui.session import Session
    from ablate_tui.tui.slice_options import SliceOptions

COMMANDS = ("demo", "show", "import", "report", "config", "doctor", "completion")
PICTURES: tuple[PictureFormat, ...] = ("png", "svg", "pdf")


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
    if not sys.warnoptions:  # those of libraries are for who writes a program; ours say in words what a figure lacks
        warnings.simplefilter("ignore")
    if not abilities.speaks_unicode():
        ascii.speak(everywhere=False)
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = commands()[arguments.pop(0)] if arguments and arguments[0] in COMMANDS else open_screen
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


def commands() -> dict[str, Callable[[list[str]], int]]:
    """What each command does."""
    return {
        "demo": demo,
        "show": show,
        "import": import_,
        "report": report,
        "config": about.config,
        "doctor": about.doctor,
        "completion": about.completion,
    }


def _unexpected(error: Exception) -> int:
    if os.environ.get("ABLATE_TUI_TRACEBACK"):
        raise error
    say(f"{fault_words(error)}; ABLATE_TUI_TRACEBACK=1 shows where, for a report")
    return 1


def _ended() -> int:
    abandon()
    say(ending.words())
    return ending.status()


def open_screen(arguments: list[str]) -> int:
    """`ablate-tui SOURCE`: the screen; without a terminal, the effects table."""
    from ablate_tui.tui import screen_options, slice_arguments

    parser = Parser(
        prog="ablate-tui",
        description="Explore an ablation sweep: what each switch does to the loss, its mean and its spread.",
        epilog="Commands: ablate-tui demo (the shipped sweep) · show (a view as text, JSON or a picture) · "
        "import (into a DuckDB file) · report (the whole note, in a folder) · config (your settings) · "
        "doctor (what the terminal can do) · completion (for your shell). Each has its own --help. "
        "A file called demo opens as ./demo.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a .duckdb, Parquet, CSV, TSV or JSON Lines file; a folder or glob; postgresql://…, s3://…",
    )
    parser.add_argument("--version", action="version", version=f"ablate-tui {__version__}")
    parser.add_argument("--follow", action="store_true", help="take in new runs as they come")
    screen_options.add(parser)
    _add_fresh(parser)
    slice_arguments.add(parser)
    options = parser.parse_args(arguments)
    settings = screen_options.read(options)
    with ending.undisturbed():
        from ablate_tui.tui import slice_options
    return _screen(options.source, slice_options.read(options), settings, options.follow, options.fresh)


def _add_fresh(parser: Parser) -> None:
    parser.add_argument("--fresh", action="store_true", help="start without the slice of your last session")


def demo(arguments: list[str]) -> int:
    """`ablate-tui demo`: the shipped sweep."""
    from ablate_tui.tui import screen_options, slice_arguments

    parser = Parser(
        prog="ablate-tui demo", description="Open the shipped sweep: 10 switches of a small language model."
    )
    screen_options.add(parser)
    _add_fresh(parser)
    slice_arguments.add(parser)
    options = parser.parse_args(arguments)
    settings = screen_options.read(options)
    with ending.undisturbed():
        from ablate_tui.data.demo import demo_database
        from ablate_tui.tui import slice_options
    return _screen(str(demo_database(say)), slice_options.read(options), settings, fresh=options.fresh)


def _screen(source: str, options: SliceOptions, settings: Config, follow: bool = False, fresh: bool = False) -> int:
    from ablate_tui.tui.config import AUTO

    told = settings.ascii != AUTO
    plain = settings.ascii is True if told else not abilities.speaks_unicode()
    speak = ascii.speak if plain else ascii.speak_unicode
    if told:
        speak()
    if all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)) and abilities.has_screen():
        speak()
        _run_screen(source, options, settings, follow, fresh)
    with ending.undisturbed():
        from ablate_tui.tui.show import in_ascii, print_view

    with _opened(source, options) as session:
        look = options.look(session)
        say("no terminal here, so this is the effects table; start it in a terminal, or see show --help")
        print_view(session, look, "effects", "text", plain if told else in_ascii(False, "text"))
    return 0


def _run_screen(source: str, options: SliceOptions, settings: Config, follow: bool, fresh: bool) -> NoReturn:
    """Open the screen; once it is left, the process ends."""
    from ablate_tui.tui import screen_options

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
    if settings.keys:
        screen.join()
        settings = screen_options.with_keys(settings)
    with _opened(source, options) as session:
        look = options.look(session)
        table = session.table(look.response, look.goal, look.fail)
        # beside the start of the screen, and in threads that quitting does not wait for
        threading.Thread(target=lambda: table.in_order, daemon=True).start()
        screen.join()
        from ablate_tui.tui.app import AblateApp
        from ablate_tui.tui.painters import cloud

        threading.Thread(target=cloud.load, daemon=True).start()

        app = AblateApp(session, look, follow or settings.follow, settings)
        app.keeps = True
        if not fresh and not options.says_a_slice:
            app.resume()
        with app.leaving():
            app.run()
        app.farewell()
        ending.leave(_ended() if app.ended else app.return_code or 0)


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
        from ablate_tui.tui import slice_arguments, slice_options
        from ablate_tui.tui.painters.paper_sizes import PAPERS
        from ablate_tui.tui.show import in_ascii, print_view, refuse_noise, write_picture
        from ablate_tui.tui.views.registry import VIEWS

    parser = Parser(prog="ablate-tui show", description="Print one view of a sweep, or draw it to a file.")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--view", choices=tuple(VIEWS), required=True)
    form = parser.add_argument_group("format (default: a text table)").add_mutually_exclusive_group()
    for name, words in (
        ("json", "one JSON object"),
        ("csv", "comma-separated values"),
        ("md", "a Markdown table"),
        ("latex", "a LaTeX table (booktabs)"),
        ("sql", "the SQL behind the figures, or behind their input"),
        ("polars", "Python code for the same, with Polars"),
    ):
        form.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=words)
    for name in PICTURES:
        form.add_argument(f"--{name}", metavar="FILE", help=f"a {name.upper()} picture; - is stdout")
    parser.add_argument("--size", choices=tuple(PAPERS), help="what a picture is for (default: as large as it needs)")
    parser.add_argument("--dark", action="store_true", help="a picture on dark ground")
    parser.add_argument(
        "--ascii", action="store_true", help="ASCII alone: signs have stand-ins, other letters become ?"
    )
    slice_arguments.add(parser)
    options = parser.parse_args(arguments)
    picture = next((name for name in PICTURES if getattr(options, name) is not None), None)
    if picture is not None:
        refuse_noise(getattr(options, picture), picture)
    elif options.size or options.dark:
        raise UsageError("--size and --dark are for pictures; add --png, --svg or --pdf FILE")
    read = slice_options.read(options)
    plain = in_ascii(options.ascii, options.format or "text")
    with _opened(options.source, read) as session:
        look = read.look(session)
        if look.versus is not None and not VIEWS[options.view].two_slices:
            two = " and ".join(name for name, view in VIEWS.items() if view.two_slices)
            raise UsageError(f"--versus is for the views {two}; leave it out for {options.view}")
        if picture is not None:
            path = getattr(options, picture)
            write_picture(session, look, options.view, picture, path, options.size, options.dark)
            return 0
        print_view(session, look, options.view, options.format or "text", plain)
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
    from ablate_tui.tui import slice_arguments

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
    slice_arguments.add(parser)
    options = parser.parse_args(arguments)
    with ending.undisturbed():
        from ablate_tui.tui import slice_options
        from ablate_tui.tui.progress import bar
        from ablate_tui.tui.report import write_report
    read = slice_options.read(options)
    with _opened(options.source, read) as session, bar() as progress:
        if read.versus is not None:
            raise UsageError("--versus is for show and the screen; leave it out of a report")
        switches = None if options.switches is None else slice_options.names(options.switches)
        written = write_report(session, read.look(session), options.out, switches, progress)
    say(f"wrote {written}")
    return 0
