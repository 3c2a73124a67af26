"""Speed, memory and output of the program, beside its peers, from a few thousand runs to ten million.

    make bench                              # everything: docs/benchmarks.md, .svg and .json
    make bench SIZES=3e3,1e5 PARTS=start    # some of it: build/bench/benchmarks.*, and the page says what is left out

Everything on a page is measured in one run. Do not run it beside other work: there are few cores, and a busy one
shows at once.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import machine
import page
import screen
import sweeps
from measured import OURS, figure, middle

T = TypeVar("T")

HERE = Path(__file__).resolve().parent
PROGRAM = str(Path(sys.executable).with_name("ablate-tui"))
SIZES = (3_000, 100_000, 1_000_000, 10_000_000)
PARTS = ("start", "toggle", "show", "effects", "shap")
STARTS = 3  # of each program at each size, after one that does not count
START_SECONDS = 150.0  # for the starts at one size: then fewer count
SHOWS = 3
SHOW_SECONDS = 60.0  # likewise
TOO_LONG = 120.0  # seconds that a peer may be expected to take for one table
MOST_UNTRIED = 2_000_000  # runs that a peer is given without its time at a smaller size
SHAP_RUNS = 3_000
OUR_FIRSTS = {
    "first figures": screen.FIRST_FIGURES,
    "first view": screen.FIRST_VIEW,
    "ranking": screen.FIRST_RANK,
}
# installed programs have their bytecode; the start that does not count writes it where it is missing
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


class Bench:
    """What has been measured so far.

    Parameters
    ----------
    peers : Path
        The `bin` folder of the peers' environment; programs that are not there are left out, and that is said.
    """

    def __init__(self, peers: Path) -> None:
        self.peers = peers
        self.measured: list[dict[str, Any]] = []
        self.left_out: list[dict[str, Any]] = []

    def keep(self, part: str, what: str, who: str, runs: int, unit: str, values: Sequence[float]) -> None:
        """Keep the values of one line."""
        self.measured.append(
            {"part": part, "what": what, "who": who, "runs": runs, "unit": unit, "values": list(values)}
        )
        print(f"  {runs:>10,}  {who:<18} {what:<44} {figure(values, unit)}", file=sys.stderr)

    def leave_out(self, part: str, who: str, runs: int | None, why: str) -> None:
        """Say what is not measured."""
        self.left_out.append({"part": part, "who": who, "runs": runs, "why": why})
        print(f"  left out: {part}, {who}: {why}", file=sys.stderr)

    def attempt(self, part: str, who: str, runs: int, work: Callable[[], T]) -> T | None:
        """Measure; what fails is left out, and the rest goes on."""
        try:
            return work()
        except (AssertionError, OSError) as error:
            print(error, file=sys.stderr)
            # of other errors the name alone: their words may hold this machine's paths
            words = str(error).splitlines()[0] if isinstance(error, AssertionError) else type(error).__name__
            self.leave_out(part, who, runs, f"failed: {words[:200]}")
            return None

    def installed(self, program: str) -> bool:
        """Whether the peers' environment has a program."""
        return (self.peers / program).exists()

    # the parts, one method each

    def start(self, sweep: sweeps.Sweep) -> None:
        """Start of every program on the same runs, in turn, so that a slow moment of the machine hits all."""
        source, rows = str(sweep.duckdb), rf"\b{sweep.runs} rows"
        visidata = str(self.peers / "vd")
        programs = {
            OURS: ([PROGRAM, source, "--fresh"], OUR_FIRSTS),
            "harlequin": (
                [str(self.peers / "harlequin"), "--read-only", "--no-write-history", source],
                {"connected": rf"{sweep.duckdb.stem} db"},
            ),
            "VisiData, Parquet": ([visidata, str(sweep.parquet)], {"all rows": rows}),
        }
        if sweep.csv is None:
            self.leave_out("start", "VisiData, CSV", sweep.runs, "would take minutes and more memory than there is")
        else:
            programs["VisiData, CSV"] = ([visidata, str(sweep.csv)], {"all rows": rows})
        for who in [who for who, (command, _) in programs.items() if not Path(command[0]).exists()]:
            self.leave_out("start", who, sweep.runs, "not installed")
            del programs[who]
        spent: dict[str, list[dict[str, float]]] = {who: [] for who in programs}
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as home:
            for number in range(1 + STARTS):
                if number > 1 and time.monotonic() - begin > START_SECONDS:
                    break
                for who in list(programs):
                    once = partial(started, *programs[who], home)
                    seconds = self.attempt("start", who, sweep.runs, once)
                    if seconds is None:
                        del programs[who]
                    else:
                        spent[who].append(seconds)
        for who, (_, wanted) in programs.items():
            for what in wanted:
                values = [seconds[what] for seconds in spent[who][1:]]
                self.keep("start", f"start to {what}", who, sweep.runs, "s", values)

    def toggle(self, sweep: sweeps.Sweep) -> None:
        """Toggles in several views, what they send, and the peak of memory of that one program run."""
        command = [PROGRAM, str(sweep.duckdb), "--contrast", sweeps.SWITCHES[-1]]
        found = self.attempt("toggle", OURS, sweep.runs, partial(screen.visit, command, sweeps.SWITCHES[:-1]))
        if found is None:
            return
        keep = partial(self.keep, "toggle", who=OURS, runs=sweep.runs)
        for view, toggles in (*found.fresh.items(), ("compare, slices seen before", found.back)):
            keep(f"toggle to view: {view}", unit="ms", values=thousand(toggles.view))
            keep(f"toggle to ranking: {view}", unit="ms", values=thousand(toggles.ranking))
            keep(f"bytes a toggle: {view}", unit="B", values=toggles.sent)
        for view, seconds in found.opened.items():
            keep(f"opening {view}", unit="ms", values=[1000 * seconds])
        keep("peak memory of the screen", unit="MiB", values=[found.peak / 2**20])

    def show(self, sweep: sweeps.Sweep) -> None:
        """The effects table on the command line: time and peak memory of the whole process."""

        def shows() -> list[tuple[float, float]]:
            found: list[tuple[float, float]] = []
            begin = time.monotonic()
            while len(found) < SHOWS and (not found or time.monotonic() - begin < SHOW_SECONDS):
                found.append(shown(sweep.duckdb))
            return found

        found = self.attempt("show", OURS, sweep.runs, shows)
        if found is not None:
            seconds, peaks = zip(*found, strict=True)
            self.keep("show", "show --view effects --json", OURS, sweep.runs, "s", seconds)
            self.keep("show", "peak memory of show", OURS, sweep.runs, "MiB", peaks)

    def effects(self, sweep: sweeps.Sweep) -> None:
        """The effects table in-process, by the program and by pandas and scipy, and whether their figures agree."""
        what, peer = "effects table", "pandas + scipy"
        ask = partial(told, [sys.executable, str(HERE / "figures.py"), "effects", str(sweep.duckdb)])
        ours = self.attempt("effects", OURS, sweep.runs, ask)
        if ours is not None:
            self.keep("effects", what, OURS, sweep.runs, "s", ours["effects"])
            self.keep("effects", "fit and SHAP values, from the runs", OURS, sweep.runs, "s", ours["importance"])
        smaller = [m for m in self.measured if (m["what"], m["who"]) == (what, peer)]
        expected = middle(smaller[-1]["values"]) * sweep.runs / smaller[-1]["runs"] if smaller else 0
        if expected > TOO_LONG or (not smaller and sweep.runs > MOST_UNTRIED):
            why = f"about {expected / 60:.0f} minutes a table" if smaller else "would take many minutes"
            self.leave_out("effects", peer, sweep.runs, why)
            return
        if not self.installed("python"):
            self.leave_out("effects", peer, sweep.runs, "not installed")
            return
        ask = partial(told, [str(self.peers / "python"), str(HERE / "peers.py"), "effects", str(sweep.parquet)])
        theirs = self.attempt("effects", peer, sweep.runs, ask)
        if theirs is not None:
            self.keep("effects", what, peer, sweep.runs, "s", theirs["effects"])
        if ours is not None and theirs is not None:
            largest = difference(ours["rows"], theirs["rows"])
            self.keep("effects", "largest relative difference of a figure", peer, sweep.runs, "", [largest])

    def shap(self) -> None:
        """SHAP values of one model at every configuration, by the program and its peers."""
        sweep = made(SHAP_RUNS, complete=True)
        handed = sweeps.cache() / "handed.npz"
        ask = partial(told, [sys.executable, str(HERE / "figures.py"), "shap", str(sweep.duckdb), str(handed)])
        ours = self.attempt("shap", OURS, sweep.runs, ask)
        if ours is None:
            return
        keep = partial(self.keep, "shap", runs=sweep.runs)
        keep("fit and SHAP values", OURS, unit="ms", values=thousand(ours["both"]))
        keep("SHAP values alone", OURS, unit="ms", values=thousand(ours["alone"]))
        keep("fit alone", OURS, unit="ms", values=thousand(ours["fit"]))
        fit = middle(ours["fit"])
        for peer, name in (("woodelf", "WOODELF"), ("shap", "shap.TreeExplainer")):
            if not self.installed("python"):
                self.leave_out("shap", name, sweep.runs, "not installed")
                continue
            ask = partial(told, [str(self.peers / "python"), str(HERE / "peers.py"), peer, str(handed)])
            theirs = self.attempt("shap", name, sweep.runs, ask)
            if theirs is not None:
                keep("fit and SHAP values", name, unit="ms", values=thousand([fit + each for each in theirs["alone"]]))
                keep("SHAP values alone", name, unit="ms", values=thousand(theirs["alone"]))
                what = "largest difference of a SHAP value, over the predictions' range"
                keep(what, name, unit="", values=[theirs["difference"]])


def started(command: list[str], wanted: dict[str, str], home: str) -> dict[str, float]:
    """Start a program once; seconds until each of the wanted patterns is on its screen."""
    with screen.Watched(command, {"HOME": home}) as terminal:
        return dict(zip(wanted, terminal.first(*wanted.values()), strict=True))


def shown(source: Path) -> tuple[float, float]:
    """Seconds and peak MiB of one effects table on the command line."""
    begin = time.perf_counter()
    command = [PROGRAM, "show", str(source), "--view", "effects", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    # asked again and again: what the kernel tells at the end counts the memory of this process before exec too
    while process.poll() is None:
        peak = max(peak, screen.high_water(process.pid))
        time.sleep(0.005)
    assert process.returncode == 0, f"show ended with {process.returncode}"
    return time.perf_counter() - begin, peak / 2**20


def made(runs: int, complete: bool = False) -> sweeps.Sweep:
    """A sweep, written by a process of its own if it is not there yet."""
    subprocess.run(
        [sys.executable, str(HERE / "sweeps.py"), str(runs), *(["complete"] if complete else [])], check=True
    )
    return sweeps.sweep(runs, complete)


def told(command: list[str]) -> dict[str, Any]:
    """What another process measured, from its last line; its errors go to this one's."""
    # neither Python may have the working folder on its path, but both need the files beside this one
    places = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH") if command[0] == sys.executable else None])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 0, f"{Path(command[1]).name} {command[2]} ended with {done.returncode}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """Largest difference of two tables' figures, over the larger of the two; figures below 1e-290 are left out."""
    largest = 0.0
    for switch, row in theirs.items():
        for name, value in row.items():
            mine = ours[switch][name]
            size = max(abs(value), abs(mine))
            if size > 1e-290:
                largest = max(largest, abs(value - mine) / size)
    return largest


def thousand(seconds: Sequence[float]) -> list[float]:
    """Milliseconds."""
    return [1000 * value for value in seconds]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(f"{size:.0e}" for size in SIZES), help="runs, such as 3e3,1e6")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of " + ",".join(PARTS))
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".venv-peers" / "bin")
    parser.add_argument("--out", type=Path, help="folder of the page; docs for a whole run, else the sweeps' folder")
    chosen = parser.parse_args()
    chosen.sizes = sorted(int(float(size)) for size in chosen.sizes.split(","))
    chosen.parts = chosen.parts.split(",")
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return chosen


def main() -> None:
    """Measure, and write the page after every part, so that an interrupted run leaves what it has."""
    chosen = options()
    whole = tuple(chosen.sizes) == SIZES and set(chosen.parts) == set(PARTS)
    out = chosen.out or (HERE.parent / "docs" if whole else sweeps.cache())
    bench = Bench(chosen.peers.absolute())
    for part in PARTS:
        if part not in chosen.parts:
            bench.leave_out(part, "all", None, "not asked for")
    for size in SIZES:
        if size not in chosen.sizes:
            bench.leave_out("all", "all", sweeps.whole(size), "not asked for")
    record = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine.describe(bench.peers),
        "load_before": os.getloadavg()[0],
    }
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(ABLATE_TUI_DATA=folder, ABLATE_TUI_STATE=folder)
        for size in chosen.sizes:
            sweep = made(size)
            for part in PARTS[:-1]:
                if part in chosen.parts:
                    print(f"{time.monotonic() - begin:6.0f} s  {part}, {sweep.runs:,} runs", file=sys.stderr)
                    getattr(bench, part)(sweep)
                    save(out, record, bench, begin)
        if "shap" in chosen.parts:
            print(f"{time.monotonic() - begin:6.0f} s  shap", file=sys.stderr)
            bench.shap()
        save(out, record, bench, begin)
    print(f"{time.monotonic() - begin:6.0f} s  wrote {out / 'benchmarks.md'}", file=sys.stderr)


def save(out: Path, record: dict[str, Any], bench: Bench, begin: float) -> None:
    """Write the measurements and the page made from them."""
    record |= {
        "minutes": (time.monotonic() - begin) / 60,
        "measured": bench.measured,
        "left_out": bench.left_out,
    }
    page.write(record, out)


if __name__ == "__main__":
    main()
