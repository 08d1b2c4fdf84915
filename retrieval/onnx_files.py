"""A torch model as ONNX files: as it is, and with its weights and embedding table in int8.

For the programs that export; needs torch. Knows nothing of what the model computes, nor whether int8 is good enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


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
