"""A row of the effects table, and what notes call it and its fields."""

from __future__ import annotations

from dataclasses import dataclass, fields

REST = "rest"


@dataclass(frozen=True)
class EffectRow:
    """A switch, or a level of a factor against the rest of its levels.

    Differences are on less off, ratios on by off; SDs have ddof=1. Sides count finished runs;
    `failed_on` is a share of the runs that are not missing. Field names are those of the JSON.
    """

    switch: str
    on: str
    off: str
    n_on: int
    n_off: int
    diverged_on: int
    diverged_off: int
    mean_on: float | None = None
    mean_off: float | None = None
    mean_diff: float | None = None
    mean_diff_low: float | None = None
    mean_diff_high: float | None = None
    median_on: float | None = None
    median_off: float | None = None
    median_diff: float | None = None
    sd_on: float | None = None
    sd_off: float | None = None
    sd_ratio: float | None = None
    sd_ratio_low: float | None = None
    sd_ratio_high: float | None = None
    iqr_on: float | None = None
    iqr_off: float | None = None
    welch_p: float | None = None
    mann_whitney_p: float | None = None
    brown_forsythe_p: float | None = None
    failed_on: float | None = None
    failed_off: float | None = None
    failure_p: float | None = None
    location_p: float | None = None
    location_basis: str | None = None
    sd_between_on: float | None = None
    sd_between_off: float | None = None
    sd_within_on: float | None = None
    sd_within_off: float | None = None
    noise_basis: str | None = None
    noise_ratio: float | None = None
    noise_ratio_median: float | None = None
    ln_f_star: float | None = None
    noise_p: float | None = None
    pairs: int | None = None
    pair_mean_diff: float | None = None
    pair_median_diff: float | None = None
    pair_win_rate: float | None = None
    wilcoxon_p: float | None = None
    best_share_on: float | None = None
    base_share_on: float | None = None
    best_p: float | None = None
    location_q: float | None = None
    noise_q: float | None = None
    verdict: str | None = None
    spread_cause: str | None = None
    reason: str | None = None
    kruskal_p: float | None = None
    omnibus_brown_forsythe_p: float | None = None

    @property
    def name(self) -> str:
        """The row's name in notes: the switch, or "factor=level"."""
        return row_name(self.switch, self.on, self.off)


PAIR_FIGURES = "pair_mean_diff pair_median_diff pair_win_rate wilcoxon_p"
JUDGED = (
    "mean_diff_low mean_diff_high sd_ratio_low sd_ratio_high location_p location_basis sd_between_on sd_between_off"
    " sd_within_on sd_within_off noise_basis noise_ratio noise_ratio_median ln_f_star noise_p location_q noise_q"
    " verdict spread_cause reason"
)  # what the tests of configurations say
OMNIBUS = "kruskal_p omnibus_brown_forsythe_p"
FIGURES = " ".join(f.name for f in fields(EffectRow)[7:] if f.name not in OMNIBUS.split())


def row_name(switch: str, on: str, off: str) -> str:
    """How notes call a row."""
    return f"{switch}={on}" if off == REST else switch
