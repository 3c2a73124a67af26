"""The tiny language model, whose parts are set by ten switches.

``README.md`` beside this file says what each switch does.
"""

from __future__ import annotations

import importlib
import math
import zlib
from collections.abc import Mapping
from typing import Any, TypeAlias

SWITCHES = (
    "untie_attn_weights",
    "use_std_residual",
    "use_rms_norm",
    "use_gated_ffn",
    "use_single_message_attn",
    "use_ffn_after_attn",
    "untie_layerwise_weights",
    "untie_ffn_weights",
    "no_vo_rope",
    "no_mask_diagonal",
)

VOCABULARY = 96  # printable ASCII (32..126) and the newline
WIDTH, LAYERS, HEADS, HIDDEN, CONTEXT = 32, 2, 2, 64, 48
HEAD_WIDTH = WIDTH // HEADS

# torch is optional and is imported by name, so its types are not known here.
Tensor: TypeAlias = Any
Switches: TypeAlias = Mapping[str, bool]


def load_torch() -> Any:
    """Import torch, or leave with one line that says how to get it."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError:
        raise SystemExit("training needs torch: pip install 'ablate-tui[train]'") from None


class Network:
    """A causal language model whose parts are set by the ten switches.

    Parameters
    ----------
    switches
        One bool for each name in `SWITCHES`.
    seed
        Sets the initial weights. Each tensor is drawn from its own stream, so
        two configurations with the same seed share the tensors they have in
        common.

    Attributes
    ----------
    flat : Tensor
        All parameters in one vector: the optimiser and the gradient norm then
        take one call each, which saves time at this size.
    """

    def __init__(self, switches: Switches, seed: int) -> None:
        torch = load_torch()
        self.torch = torch
        self.on = dict(switches)
        self.shapes = self._shapes()
        self.sizes = [math.prod(shape) for shape in self.shapes.values()]
        self.flat = torch.cat([self._draw(n, s, seed).flatten() for n, s in self.shapes.items()]).requires_grad_()

        rate = 10000.0 ** (-torch.arange(0, HEAD_WIDTH, 2) / HEAD_WIDTH)
        angle = torch.arange(CONTEXT)[:, None] * rate
        self.turn = torch.polar(torch.ones_like(angle), angle)
        self.mask: Tensor = None  # plain causal, which torch does faster unmasked
        if not self.on["no_mask_diagonal"]:
            self.mask = torch.ones(CONTEXT, CONTEXT).tril(-1).bool()
            # With the diagonal masked the first position has nothing to look at;
            # a softmax over nothing is NaN, so that one position may see itself.
            self.mask[0, 0] = True
            self.mask = torch.zeros(CONTEXT, CONTEXT).masked_fill(~self.mask, -math.inf)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {
            "embed": (VOCABULARY, WIDTH),
            "unembed": (VOCABULARY, WIDTH),
            "gain": (WIDTH,),
        }
        for layer in range(LAYERS if self.on["untie_layerwise_weights"] else 1):
            own: dict[str, tuple[int, ...]] = {
                "attn_gain": (WIDTH,),
                "ffn_gain": (WIDTH,),
                "qk": (2 * WIDTH, WIDTH),
                "up": (HIDDEN, WIDTH),
            }
            if self.on["untie_attn_weights"]:
                own |= {"v": (WIDTH, WIDTH), "o": (WIDTH, WIDTH)}
            if self.on["use_gated_ffn"]:
                own["gate"] = (HIDDEN, WIDTH)
            if self.on["untie_ffn_weights"]:
                own["down"] = (HIDDEN, WIDTH)
            shapes |= {f"{name}.{layer}": shape for name, shape in own.items()}
        return shapes

    def _draw(self, name: str, shape: tuple[int, ...], seed: int) -> Tensor:
        if len(shape) == 1:
            return self.torch.ones(shape)
        stream = self.torch.Generator().manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
        fan_in = {"embed": 1, "down": HIDDEN}.get(name.split(".")[0], WIDTH)
        return self.torch.randn(shape, generator=stream) / math.sqrt(fan_in)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Return the logits of the next token, shaped (batch, CONTEXT, VOCABULARY)."""
        on = self.on
        parts = self.flat.split(self.sizes)
        w = {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}
        x = embedding = w["embed"][tokens]
        for layer in range(LAYERS):
            own = layer if on["untie_layerwise_weights"] else 0
            lw = {n.split(".")[0]: t for n, t in w.items() if n.endswith(f".{own}")}
            base = x if on["use_std_residual"] else embedding
            after = base + self._attend(self._norm(x, lw["attn_gain"]), lw)
            seen = after if on["use_ffn_after_attn"] else x
            x = after + self._feed(self._norm(seen, lw["ffn_gain"]), lw)
        return self._norm(x, w["gain"]) @ w["unembed"].T

    def _norm(self, x: Tensor, gain: Tensor) -> Tensor:
        if self.on["use_rms_norm"]:
            size = (x * x).mean(-1, keepdim=True)
            return x * (size + 1e-5).rsqrt() * gain
        return x.softmax(-1) * (gain * math.sqrt(WIDTH))

    def _rotate(self, x: Tensor, turn: Tensor) -> Tensor:
        torch = self.torch
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * turn).flatten(-2)

    def _attend(self, x: Tensor, w: Mapping[str, Tensor]) -> Tensor:
        on, torch = self.on, self.torch
        untied, single = on["untie_attn_weights"], on["use_single_message_attn"]
        batch = len(x)

        def heads(weight: Tensor) -> Tensor:
            # (messages, batch, heads, position, head width)
            y = (x @ weight.T).view(batch, CONTEXT, -1, HEADS, HEAD_WIDTH)
            return y.permute(2, 0, 3, 1, 4)

        plain = heads(w["qk"])
        turned = self._rotate(plain, self.turn)
        query, key = turned, turned.flip(0)  # message 2 swaps the two
        if untied:
            value = heads(w["v"])
            if not on["no_vo_rope"]:
                value = self._rotate(value, self.turn)
        else:
            value = (plain if on["no_vo_rope"] else turned).flip(0)
        if single:
            query, key, value = query[:1], key[:1], value[:1]

        message = torch.nn.functional.scaled_dot_product_attention(
            query.flatten(0, 1),
            key.flatten(0, 1),
            value.expand_as(query).flatten(0, 1),
            attn_mask=self.mask,
            is_causal=self.mask is None,
        ).unflatten(0, (-1, batch))
        if not on["no_vo_rope"]:
            message = self._rotate(message, self.turn.conj())
        message = message.permute(1, 3, 0, 2, 4).reshape(batch, CONTEXT, -1, WIDTH)
        if untied:
            return message.sum(2) @ w["o"]
        # The way out is the transpose of the query's way in, message by message.
        out = w["qk"][:WIDTH] if single else w["qk"]
        return torch.flatten(message, 2) @ out

    def _feed(self, x: Tensor, w: Mapping[str, Tensor]) -> Tensor:
        F = self.torch.nn.functional
        hidden = x @ w["up"].T
        gated = self.on["use_gated_ffn"]
        hidden = hidden * F.silu(x @ w["gate"].T) if gated else F.relu(hidden)
        return hidden @ w.get("down", w["up"])
