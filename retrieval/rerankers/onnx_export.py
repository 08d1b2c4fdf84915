"""Makes the ONNX form of a CrossEncoder: `python -m retrieval.rerankers.onnx_export MODEL FILE`.

A program of its own, because it needs torch and the process that serves does not. It writes the first form whose scores
are close enough to the original's: int8, else float32, else it fails.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedders.onnx_export import PROBES
from retrieval.onnx_files import to_onnx
from retrieval.rerankers.cross_encoder import MAX_TOKENS

# a form is accepted when no probe's score differs from the original's by more than this share of their range
LARGEST_INT8_DIFFERENCE = 0.15
LARGEST_FLOAT_DIFFERENCE = 0.001
PAIRS = list(product(PROBES[:3], PROBES))


def export(model_name: str, target: Path) -> dict[str, object]:
    """Writes `target` (ONNX) and `target` + `.json` (how it was made). Returns the latter."""
    import torch
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(model_name, device="cpu").eval()
    model.max_seq_length = max_tokens = min(MAX_TOKENS, int(model.max_seq_length or MAX_TOKENS))
    sample = model.preprocess(PAIRS[:3])
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in sample]
    wanted = model.predict(PAIRS, activation_fn=torch.nn.Identity(), show_progress_bar=False)

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            return self.model(dict(zip(names, inputs, strict=True)))["scores"][:, 0]

    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"score": {0: "batch"}}
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        inputs = {name: sample[name] for name in names}
        plain, small = to_onnx(Pipeline(), inputs, ["score"], axes, Path(folder))
        chosen, arithmetic, difference = small, "int8", _difference(small, model, names, wanted)
        if difference > LARGEST_INT8_DIFFERENCE:
            chosen, arithmetic, difference = plain, "float32", _difference(plain, model, names, wanted)
            if difference > LARGEST_FLOAT_DIFFERENCE:
                raise SystemExit(f"the exported model differs from the original (by {difference:.4f})")
        told: dict[str, object] = {
            "arithmetic": arithmetic,
            "largest_difference": round(difference, 5),
            "max_tokens": max_tokens,
        }
        model.tokenizer.backend_tokenizer.save(str(target) + ".tokenizer.json")
        Path(str(target) + ".json").write_text(json.dumps(told))
        os.replace(chosen, target)  # last: who finds the file finds all of it
    return told


def _difference(file: Path, model: Any, names: list[str], wanted: np.ndarray) -> float:
    """The largest difference over the probes, each run alone, as a share of the range of the wanted scores."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    scores = []
    for pair in PAIRS:
        features = model.preprocess([pair])
        scores.append(float(session.run(None, {name: features[name].numpy() for name in names})[0][0]))
    spread = float(np.max(wanted) - np.min(wanted)) or 1.0
    return float(np.max(np.abs(np.array(scores) - wanted))) / spread


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m retrieval.rerankers.onnx_export MODEL FILE")
    print(json.dumps(export(sys.argv[1], Path(sys.argv[2]))))
