"""Models as ONNX files: how they are run, and how the programs that export make them of a torch model, as it is and in int8.

Only exporting needs torch. Knows nothing of what a model computes, nor whether int8 is good enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def session(model: Path | bytes, **more: Any) -> Any:
    """An onnxruntime session whose runs are on one thread of a processor each: several go side by side. `more` is for
    onnxruntime, and so are its errors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    given = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"], **more)


def columns(encoded: Any, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """What a model reads of a text that a tokenizer has encoded, for those of its inputs; each of shape (1, tokens)."""
    known = {
        "input_ids": encoded.ids,
        "attention_mask": encoded.attention_mask,
        "token_type_ids": encoded.type_ids,
    }
    return {name: np.asarray([known[name]], dtype=np.int64) for name in names}


def to_onnx(
    pipeline: Any, inputs: dict[str, Any], outputs: list[str], axes: dict[str, dict[int, str]], folder: Path
) -> tuple[Path, Path]:
    """The paths of float32 and of int8 in `folder`. `pipeline`: a module that takes the `inputs`, in their order, and
    gives the `outputs`; `axes`: the dimensions of each that may differ from the example in `inputs`."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = folder / "float32.onnx", folder / "int8.onnx"
    with torch.no_grad():
        torch.onnx.export(
            pipeline, tuple(inputs.values()), str(plain), input_names=list(inputs), output_names=outputs,
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
    onnx.checker.check_model(str(plain))
    quantize_dynamic(
        str(plain), str(small), weight_type=QuantType.QInt8, per_channel=True,
        op_types_to_quantize=["MatMul", "Gather"],
    )  # fmt: skip
    return plain, small
