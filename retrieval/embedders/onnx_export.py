"""Makes the ONNX form of a sentence-transformers model: `python -m retrieval.embedders.onnx_export MODEL FILE`.

A program of its own, because it needs torch and the process that serves does not. It exports the whole
pipeline (transformer, pooling, normalisation), quantises weights and embedding table to int8, compares both
forms with the original, and writes the first that is close enough: int8, else float32, else it fails. A model that
takes the mean of its tokens gives their vectors as a second output, `tokens`: means over a part of them are comparable.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.onnx_files import to_onnx

# int8 arithmetic is accepted when no probe's cosine with the original falls below this
SMALLEST_INT8_COSINE = 0.95
SMALLEST_FLOAT_COSINE = 0.9999
PROBES = [
    "How do I reset my password?",
    "refund",
    "Payment failed with error 500 while paying by card, and the invoice #1029 is still open.",
    "Go to Settings, then Members, and choose Remove. The person loses access at once.",
    "def main():\n    return 0",
    "Die Lieferung kam nicht an. ¿Dónde está mi pedido?",
    "x " * 400,
]


def export(model_name: str, target: Path) -> dict[str, object]:
    """Writes `target` (ONNX) and `target` + `.json` (how it was made). Returns the latter."""
    import torch
    from sentence_transformers import SentenceTransformer

    # attention written out: onnxruntime runs its int8 form a quarter faster than the one that PyTorch fuses
    model = SentenceTransformer(
        model_name, device="cpu", model_kwargs={"attn_implementation": "eager"}
    ).eval()
    wanted = model.encode(PROBES, normalize_embeddings=True, convert_to_numpy=True)
    names = [n for n in ("input_ids", "attention_mask", "token_type_ids") if n in model.preprocess(["x"])]

    with_tokens = _takes_the_mean(model)

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
            features = self.model(dict(zip(names, inputs, strict=True)))
            embedding = torch.nn.functional.normalize(features["sentence_embedding"], dim=1)
            return (embedding, features["token_embeddings"]) if with_tokens else embedding

    sample = model.preprocess(PROBES[:3])
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"embedding": {0: "batch"}}
    outputs = ["embedding"]
    if with_tokens:
        outputs.append("tokens")
        axes["tokens"] = {0: "batch", 1: "tokens"}
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        plain, small = to_onnx(
            Pipeline(), {name: sample[name] for name in names}, outputs, axes, Path(folder)
        )
        chosen, arithmetic, cosine = small, "int8", _agreement(small, model, names, wanted)
        if cosine < SMALLEST_INT8_COSINE:
            chosen, arithmetic, cosine = plain, "float32", _agreement(plain, model, names, wanted)
            if cosine < SMALLEST_FLOAT_COSINE:
                raise SystemExit(f"the exported model differs from the original (cosine {cosine:.4f})")
        told = {
            "arithmetic": arithmetic,
            "smallest_cosine": round(cosine, 5),
            "max_tokens": int(model.max_seq_length),
        }
        model.tokenizer.backend_tokenizer.save(str(target) + ".tokenizer.json")
        Path(str(target) + ".json").write_text(json.dumps(told))
        os.replace(chosen, target)  # last: who finds the file finds all of it
    return told


def _takes_the_mean(model: Any) -> bool:
    """Whether a text's vector is the mean of its tokens' and nothing else but brought to length 1."""
    parts = list(model)
    kinds = [type(part).__name__ for part in parts]
    return kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) and (
        getattr(parts[1], "pooling_mode", None) == "mean"
    )


def _agreement(file: Path, model: object, names: list[str], wanted: np.ndarray) -> float:
    """The smallest cosine over the probes, each run alone."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    smallest = 1.0
    for probe, vector in zip(PROBES, wanted, strict=True):
        inputs = {name: tensor.numpy() for name, tensor in model.preprocess([probe]).items() if name in names}  # type: ignore[attr-defined]
        smallest = min(smallest, float(session.run(None, inputs)[0][0] @ vector))
    return smallest


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m retrieval.embedders.onnx_export MODEL FILE")
    print(json.dumps(export(sys.argv[1], Path(sys.argv[2]))))
