"""The network of the reader: MiniLM, in which a passage is read once and sentences and questions are held against it.

The passage's tokens see only the passage; the tokens of a sentence see the passage and themselves. So the keys and values of
a passage are computed once and serve every sentence, in fitting (many sentences beside one passage in one row) and in use.
A logit each for "the passage says this" and "the passage answers this". It is read off the sentence's first token, the mean
of its tokens, and its weakest token: one wrong word makes a sentence wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, WIDTH = 6, 12, 384
TASKS = ("says", "answers")


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.after_attention, self.after = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
        self.dropped = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """`x` (b, n, WIDTH); `mask` (b, 1, n, p + n), added to the scores; `past` (2, b, HEADS, p, WIDTH / HEADS), keys
        and values of what was read before. Returns x and the same of this run."""

        def heads(y: Tensor) -> Tensor:
            return y.view(y.shape[0], y.shape[1], HEADS, WIDTH // HEADS).transpose(1, 2)

        query, key, value = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        made = torch.stack([key, value])
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        scores = query @ key.transpose(2, 3) / (WIDTH // HEADS) ** 0.5 + mask
        seen = (functional.softmax(scores, -1) @ value).transpose(1, 2).flatten(2)
        x = self.after_attention(x + self.dropped(self.out(seen)))
        return self.after(x + self.dropped(self.narrow(functional.gelu(self.wide(x))))), made


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.places, self.types = (nn.Embedding(n, WIDTH) for n in (30522, 512, 2))
        self.first = nn.LayerNorm(WIDTH, 1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.told = nn.Linear(2 * WIDTH, len(TASKS))
        self.weakest = nn.Linear(WIDTH, len(TASKS))

    @classmethod
    def of(cls, folder: str) -> Reader:
        """With the weights of the MiniLM in a folder; the heads are new."""
        from transformers import AutoModel

        given = AutoModel.from_pretrained(folder).state_dict()
        made = cls()
        names = {
            "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
            "out": "attention.output.dense", "after_attention": "attention.output.LayerNorm",
            "wide": "intermediate.dense", "narrow": "output.dense", "after": "output.LayerNorm",
        }  # fmt: skip
        state = {
            f"layers.{i}.{mine}.{kind}": given[f"encoder.layer.{i}.{theirs}.{kind}"]
            for i in range(LAYERS)
            for mine, theirs in names.items()
            for kind in ("weight", "bias")
        }
        state |= {f"first.{kind}": given[f"embeddings.LayerNorm.{kind}"] for kind in ("weight", "bias")}
        for mine, theirs in (("words", "word"), ("places", "position"), ("types", "token_type")):
            state[f"{mine}.weight"] = given[f"embeddings.{theirs}_embeddings.weight"]
        missing, unexpected = made.load_state_dict(state, strict=False)
        assert not unexpected
        assert all(name.startswith(("told", "weakest")) for name in missing)
        for head in (made.told, made.weakest):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
        return made

    @classmethod
    def again(cls, file: Path) -> Reader:
        """With the weights of an exported one, as int8 left them, to go on from."""
        import onnx
        from onnx import numpy_helper

        held = {one.name: numpy_helper.to_array(one) for one in onnx.load(str(file)).graph.initializer}

        def weight(name: str) -> Tensor:
            whole, scale, zero = (held[f"{name}_{part}"] for part in ("quantized", "scale", "zero_point"))
            return torch.tensor((whole.astype("float32") - zero.astype("float32")) * scale)

        state = {
            name.removeprefix("reader."): torch.tensor(value)
            for name, value in held.items()
            if name.startswith("reader.") and name.endswith((".weight", ".bias"))
        }
        state |= {f"{name}.weight": weight(f"reader.{name}.weight") for name in ("words", "places", "types")}
        state["weakest.weight"] = weight("reader.weakest.weight").T
        # the other products have lost their names and kept their order
        nameless = sorted(
            (name.removesuffix("_quantized") for name in held if name.startswith("onnx::MatMul_") and name.endswith("_quantized")),
            key=lambda name: int(name.rpartition("_")[2]),
        )  # fmt: skip
        parts = ("query", "key", "value", "out", "wide", "narrow")
        names = [f"layers.{i}.{part}" for i in range(LAYERS) for part in parts] + ["told"]
        state |= {f"{name}.weight": weight(mine).T for name, mine in zip(names, nameless, strict=True)}
        made = cls()
        made.load_state_dict(state)
        return made

    def embedded(self, ids: Tensor, places: Tensor, types: Tensor) -> Tensor:
        x: Tensor = self.first(self.words(ids) + self.places(places) + self.types(types))
        return x

    def forward(self, ids: Tensor, places: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        """All of one row, as fitted: ids, places and types (b, n), mask (b, n, n) of bool, True where a token sees another.
        Returns the tokens (b, n, WIDTH)."""
        x = self.embedded(ids, places, types)
        added = torch.zeros(mask.shape, dtype=x.dtype).masked_fill(~mask, -1e4)[:, None]
        for layer in self.layers:
            x, _ = layer(x, added, None)
        return x

    def judged(self, tokens: Tensor) -> Tensor:
        """The logits (TASKS) of one sentence's tokens (n, WIDTH)."""
        pooled = torch.cat([tokens[0], tokens.mean(0)])
        weakest = -torch.logsumexp(-self.weakest(tokens), 0)
        logits: Tensor = self.told(pooled) + weakest
        return logits


class Stepwise(nn.Module):
    """The same in two steps, as it is exported: run with an empty past it reads a passage, run with that passage's keys and
    values it judges a sentence."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, ids: Tensor, places: Tensor, types: Tensor, past: Tensor) -> Any:
        """ids, places and types (1, n); `past` (LAYERS, 2, 1, HEADS, p, WIDTH / HEADS). Returns logits (TASKS) and the run's own past."""
        x = self.reader.embedded(ids, places, types)
        nothing = torch.zeros(1, dtype=x.dtype)
        made = []
        for i, layer in enumerate(self.reader.layers):
            x, one = layer(x, nothing, past[i])
            made.append(one)
        return self.reader.judged(x[0]), torch.stack(made)
