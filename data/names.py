"""What a column's name says about it: an outcome and its goal, a replicate, a run's identity."""

from __future__ import annotations

import re
from typing import Literal

from ablate_tui.data.schema import Goal

Outcome = Literal["loss", "error", "score", "time"]

_LOSS = {"loss", "losses", "nll", "bpb", "bpc", "xent", "perplexity", "pplx", "ppl"}
_ERROR = {"error", "err", "errors", "wer", "cer", "mse", "rmse", "mae", "fid", "regret"}
_SCORE = {
    *("accuracy", "acc", "top1", "top5", "reward", "rewards", "return", "returns", "score", "scores"),
    *("yield", "auc", "auroc", "auprc", "f1", "bleu", "rouge", "iou", "miou", "psnr", "ssim", "r2"),
    *("elo", "mrr", "ndcg", "recall", "winrate", "throughput"),
}
_TIME = {
    *("time", "seconds", "second", "sec", "secs", "ms", "minutes", "hours", "latency", "runtime"),
    *("duration", "walltime", "elapsed", "cost", "perf"),
}
_VALIDATION = {"val", "valid", "validation", "eval", "evaluation", "test", "dev", "holdout", "heldout"}
_TRAINING = {"train", "training"}
_EXTREME = {"best", "min", "max", "lowest", "highest"}

# A name with one of these is something set, whatever else is in it: loss_weight, use_aux_loss, reward_scale.
_SETTING = {
    *("weight", "weights", "coef", "coeff", "coefficient", "scale", "lambda", "alpha", "beta", "gamma", "fn"),
    *(
        "func",
        "function",
        "type",
        "kind",
        "name",
        "mode",
        "threshold",
        "target",
        "clip",
        "schedule",
        "penalty",
    ),
    *("smoothing", "embedding", "embed", "encoding", "limit", "budget", "use", "with", "without", "enable"),
    *("enabled", "disable", "no", "init", "initial"),
}
_MEASURED = {"params", "parameters", "flops", "memory", "seen", "utilization"}
_MEASURED_NAMES = {
    "step",
    "steps",
    "global_step",
    "last_step",
    "final_step",
    "epoch",
    "iteration",
    "iterations",
}

_FLAG = {
    *("diverged", "failed", "failure", "crashed", "nan", "oom", "status", "finished", "completed"),
    *("success", "succeeded", "converged", "collapsed", "killed", "exit_code", "returncode"),
}
_FLAG_LAST = {"diverged", "failed", "crashed", "status", "converged", "finished"}

_REPLICATE = {
    *("rep", "reps", "replicate", "replica", "replication", "repeat", "repetition", "fold", "trial", "run"),
    *("run_num", "run_number", "run_index", "run_no", "restart", "rng"),
}
_IDENTITY = {
    *("id", "name", "uuid", "guid", "hash", "sha", "path", "file", "filename", "timestamp", "index", "idx"),
    *("date", "created_at", "started_at", "finished_at", "updated_at", "created", "started", "url", "notes"),
    *("run_id", "run_name", "run_path", "run_hash", "trial_id", "job_id", "exp_id", "exp_name"),
    *("experiment_id", "experiment_name", "display_name", "output_dir", "log_dir", "checkpoint"),
}
_IDENTITY_LAST = {"id", "uuid", "hash", "path", "dir", "url", "timestamp", "file"}


def words(name: str) -> list[str]:
    """The parts of a name in lower case: ``valLoss`` and ``val/loss`` are both val, loss."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return [word for word in re.split(r"[\W_]+", spaced) if word]


def outcome(name: str) -> Outcome | None:
    """What kind of outcome a name speaks of, None where of none.

    A trailing minus or plus, as in ``PERF-``, marks an outcome to minimize or maximize.
    """
    parts = words(name)
    if not parts or _SETTING & set(parts):
        return None
    if _is_loss(parts):
        return "loss"
    if _ERROR & set(parts):
        return "error"
    if _SCORE & set(parts) or name.rstrip().endswith(("-", "+")):
        return "score"
    if _TIME & set(parts) and parts[0] != "max":
        return "time"
    return None


def rank(name: str) -> tuple[int, int, int]:
    """How good a response a name makes: smaller is better.

    A validation loss comes before a loss, a loss before another score, the training's own figures after
    those, time last; among these a final value before a best one, a loss before a perplexity.
    """
    parts = set(words(name))
    kind = outcome(name)
    validation, training = bool(parts & _VALIDATION), bool(parts & _TRAINING)
    if kind is None or kind == "time":
        tier = 6 if kind == "time" else 7
    elif kind == "loss":
        tier = 0 if validation else 4 if training else 1
    else:
        tier = 2 if validation else 5 if training else 3
    plain = any(part.endswith("loss") for part in parts)
    return tier, int(bool(parts & _EXTREME)), int(not plain)


def goal_of(name: str) -> Goal | None:
    """Whether a response is to be small or large, by its name or its expression; None where nothing tells."""
    stripped = name.strip()
    if stripped.endswith("-"):
        return "min"
    if stripped.endswith("+"):
        return "max"
    parts = words(stripped)
    found: Goal | None = None
    if _is_loss(parts) or _ERROR & set(parts):
        found = "min"
    elif _SCORE & set(parts):
        found = "max"
    elif _TIME & set(parts):
        found = "min"
    if found and re.match(r"(?:\d+(?:\.\d*)?\s*)?-", stripped):  # -reward, 1 - accuracy
        return "max" if found == "min" else "min"
    return found


def is_flag(name: str) -> bool:
    """Whether a name says how a run ended rather than how it was set up."""
    parts = words(name)
    if parts and parts[0] in ("is", "has", "did"):
        parts = parts[1:]
    return "_".join(parts) in _FLAG or bool(parts and parts[-1] in _FLAG_LAST and not _SETTING & set(parts))


def is_measured(name: str) -> bool:
    """Whether a name speaks of something counted while a run went on."""
    parts = words(name)
    return "_".join(parts) in _MEASURED_NAMES or bool(_MEASURED & set(parts) and not _SETTING & set(parts))


def is_replicate(name: str) -> bool:
    """Whether a name tells replicates apart."""
    parts = words(name)
    return bool(parts) and (parts[-1] in ("seed", "seeds", "fold") or "_".join(parts) in _REPLICATE)


def is_identity(name: str) -> bool:
    """Whether a name is that of a run itself."""
    return "_".join(words(name)) in _IDENTITY


def may_be_identity(name: str) -> bool:
    """Whether a name ends like that of an identity: ``gpu_id`` may be one, or a factor of few levels."""
    parts = words(name)
    return bool(parts) and parts[-1] in _IDENTITY_LAST


def _is_loss(parts: list[str]) -> bool:
    return any(part in _LOSS or part.endswith("loss") for part in parts)
