"""Makes the ONNX form of a sentence-transformers model: `python -m retrieval.embedders.onnx_export MODEL FILE`.

A program of its own, because it needs torch and the process that serves does not. It exports the whole
pipeline (transformer, pooling, normalisation), quantises weights and embedding table to int8, compares both
forms with the original, and writes the first that is close enough: int8, else float32, else it fails.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

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
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_name, device="cpu").eval()
    wanted = model.encode(PROBES, normalize_embeddings=True, convert_to_numpy=True)
    names = [n for n in ("input_ids", "attention_mask", "token_type_ids") if n in model.preprocess(["x"])]

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            features = self.model(dict(zip(names, inputs, strict=True)))
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    sample = model.preprocess(PROBES[:3])
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"embedding": {0: "batch"}}
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        plain, small = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        with torch.no_grad():
            torch.onnx.export(
                Pipeline(), tuple(sample[name] for name in names), str(plain), input_names=names,
                output_names=["embedding"], dynamic_axes=axes, opset_version=17, dynamo=False,
            )  # fmt: skip
        onnx.checker.check_model(str(plain))
        quantize_dynamic(
            str(plain), str(small), weight_type=QuantType.QInt8, per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )  # fmt: skip
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
