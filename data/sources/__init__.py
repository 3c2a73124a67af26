"""One file per kind of source: each copies what it finds into the in-memory table "runs"."""
