"""What a column can be in a sweep."""

from __future__ import annotations

from typing import Literal

Role = Literal["switch", "factor", "covariate", "response", "replicate", "identity", "ignored"]
ROLES: tuple[Role, ...] = ("switch", "factor", "covariate", "response", "replicate", "identity", "ignored")
