"""An encoder in ONNX form, and its smaller form with weights of 8 bits."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OPSET = 23  # the first with attention as one operation
_EXAMPLE = 16  # tokens of the window that the model is traced with
_N_MEASURED = 64  # windows
_SHARE = 0.5  # of the differences between columns, that moves into the weights
_LEAST = 1e-5  # size of a column or row


def export_encoder(model: Any, max_length: int) -> bytes:
    """Return a torch encoder in ONNX form: see `encoder.EncoderScorer`.

    Its input has neither padding nor a mask, since windows are run one by one.
    """
    import torch

    # No tokenizer pads with the id of the example: padding would be masked.
    example = torch.full((1, min(_EXAMPLE, max_length)), 5, dtype=torch.int64)
    length = torch.export.Dim("n_tokens", min=2, max=max_length)
    # Users need not know that torchvision is absent, nor what torch logs of its steps.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    model.config.return_dict = False
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        program = torch.onnx.export(
            model.eval(),
            kwargs={"input_ids": example},
            dynamo=True,
            input_names=["input_ids"],
            output_names=["logits"],
            dynamic_shapes={"input_ids": {1: length}},
            opset_version=_OPSET,
            verbose=False,
        )
    model.config.return_dict = True
    proto = program.model_proto
    _forget_origin(proto)
    return bytes(proto.SerializeToString(deterministic=True))


def quantize(encoder: bytes, windows: Sequence[Sequence[int]]) -> bytes:
    """Return an ONNX encoder whose matrices have weights of 8 bits, each column with its scale.

    Activations are rounded as they come (dynamic quantisation), with one scale per window. Where
    some columns are many times as large as others, little would be left of the others: so columns
    are divided by their size, and the rows of the matrix that follows multiplied by it (Xiao et al.
    2023, "SmoothQuant", 4). A matrix that leads back from a wider layer has the activations that
    rounding harms most: before it each row, a token's, is also divided by its largest value, and
    the product multiplied by it. Weights use 7 of the 8 bits: products of larger ones overflow on
    processors without VNNI, and scores would depend on the processor.

    Parameters
    ----------
    windows
        Token ids of texts like those to be read, on which the size of columns is measured.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    proto = onnx.load_from_string(encoder)
    _smooth(proto, _largest_values(proto, windows))
    _scale_rows(proto)
    del proto.graph.value_info[:]  # shapes of the weights as they were
    # Or it would advise to optimise first, which onnxruntime does as it loads the result.
    proto.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    with tempfile.TemporaryDirectory(prefix="classify-") as folder:
        target = Path(folder) / "int8.onnx"
        quantize_dynamic(
            proto,
            target,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
        )
        return target.read_bytes()


def _products(proto: Any) -> list[Any]:
    """Return the nodes that multiply computed values by a matrix of weights that only they use."""
    used = Counter(name for node in proto.graph.node for name in node.input)
    weights = {
        tensor.name
        for tensor in proto.graph.initializer
        if used[tensor.name] == 1 and len(tensor.dims) == 2
    }
    return [
        node
        for node in proto.graph.node
        if node.op_type in ("MatMul", "Gemm")
        and node.input[1] in weights
        and node.input[0] not in weights
    ]


def _largest_values(proto: Any, windows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.float32]]:
    """Return the largest absolute value of each column of the values that weights multiply."""
    import onnx
    import onnxruntime

    names = sorted({node.input[0] for node in _products(proto)})
    open_model = onnx.ModelProto.FromString(proto.SerializeToString())
    for name in names:
        kind = onnx.TensorProto.FLOAT
        open_model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # the same bytes each time
    session = onnxruntime.InferenceSession(open_model.SerializeToString(), options)
    largest: dict[str, NDArray[np.float32]] = {}
    for i in np.unique(np.linspace(0, len(windows) - 1, _N_MEASURED).astype(int)):
        activations = session.run(names, {"input_ids": np.array([windows[i]], dtype=np.int64)})
        for name, values in zip(names, activations, strict=True):
            here = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, 0), here)
    return largest


def _smooth(proto: Any, largest: Mapping[str, NDArray[np.float32]]) -> None:
    """Divide columns of values and multiply the rows of weights after them; products stay."""
    from onnx import helper, numpy_helper

    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    dividing = {}
    for node in _products(proto):
        weights = numpy_helper.to_array(tensors[node.input[1]])
        rows = 1 if any(a.name == "transB" and a.i for a in node.attribute) else 0
        size = np.maximum(np.abs(weights).max(axis=1 - rows), _LEAST)
        factor = np.maximum(largest[node.input[0]], _LEAST) ** _SHARE / size ** (1 - _SHARE)
        factor /= np.exp(np.log(factor).mean())
        changed = weights * np.expand_dims(factor, 1 - rows)
        tensors[node.input[1]].CopyFrom(
            numpy_helper.from_array(changed.astype(np.float32), node.input[1])
        )
        divisor = numpy_helper.from_array((1 / factor).astype(np.float32), f"{node.name}.divisor")
        proto.graph.initializer.append(divisor)
        outcome = f"{node.name}.divided"
        dividing[node.name] = helper.make_node("Mul", [node.input[0], divisor.name], [outcome])
        node.input[0] = outcome
    _replace(proto, {name: [divided, None] for name, divided in dividing.items()})


def _scale_rows(proto: Any) -> None:
    """Divide each row before a narrowing matrix by its largest value, and multiply it after."""
    from onnx import helper, numpy_helper

    shape = {tensor.name: tensor.dims for tensor in proto.graph.initializer}
    for name, values in (("last.axis", np.array([-1])), ("least", np.float32(_LEAST))):
        proto.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    around: dict[str, list[Any]] = {}
    for node in _products(proto):
        n_rows, n_columns = shape[node.input[1]]
        if node.op_type != "MatMul" or n_rows <= n_columns:
            continue
        size, most, row, unit, product = (
            f"{node.name}.{part}" for part in ("size", "most", "row", "unit", "product")
        )
        around[node.name] = [
            helper.make_node("Abs", [node.input[0]], [size]),
            helper.make_node("ReduceMax", [size, "last.axis"], [most]),
            helper.make_node("Max", [most, "least"], [row]),
            helper.make_node("Div", [node.input[0], row], [unit]),
            None,
            helper.make_node("Mul", [product, row], [node.output[0]]),
        ]
        node.input[0], node.output[0] = unit, product
    _replace(proto, around)


def _replace(proto: Any, around: Mapping[str, Sequence[Any]]) -> None:
    """Replace nodes, by name, by others; None among these stands for the node itself."""
    nodes = [type(node).FromString(node.SerializeToString()) for node in proto.graph.node]
    del proto.graph.node[:]
    for node in nodes:
        proto.graph.node.extend(node if n is None else n for n in around.get(node.name, [None]))


def _forget_origin(proto: Any) -> None:
    """Remove the machine and the lines of code that a model was made with."""
    del proto.metadata_props[:]
    for part in (proto.graph, *proto.functions):
        del part.metadata_props[:]
        for node in part.node:
            del node.metadata_props[:]
            node.doc_string = ""
    for values in (proto.graph.input, proto.graph.output, proto.graph.value_info):
        for value in values:
            del value.metadata_props[:]
    for tensor in proto.graph.initializer:
        del tensor.metadata_props[:]
