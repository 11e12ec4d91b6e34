"""An encoder in ONNX form, and its shrunken form in whole numbers of 8 bits."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

_OPSET = 20
_EXAMPLE = 16  # tokens of the window that the model is traced with


def export_encoder(model: Any, max_length: int) -> bytes:
    """Return a torch encoder in ONNX form: see `model.encoder.EncoderScorer`.

    Its input has neither padding nor a mask, since a window is run by itself.
    """
    import torch

    # The ids of the example are none that a tokenizer pads with: those would be masked.
    example = torch.full((1, min(_EXAMPLE, max_length)), 5, dtype=torch.int64)
    length = torch.export.Dim("n_tokens", min=2, max=max_length)
    # That torchvision is not there, and what torch says to itself, is nothing to a user.
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


def quantize(encoder: bytes) -> bytes:
    """Return an ONNX encoder with the weights of its matrices in 8 bits, each column by itself.

    Activations are rounded as they come (dynamic quantisation). Weights take 7 bits of the 8, as
    products of larger ones overflow on processors without VNNI, and scores would depend on them.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    proto = onnx.load_from_string(encoder)
    del proto.graph.value_info[:]  # shapes of the weights as they were
    # Or it would advise to optimise first, which onnxruntime does as it loads the result.
    proto.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    with tempfile.TemporaryDirectory(prefix="classify-") as folder:
        target = Path(folder) / "int8.onnx"
        quantize_dynamic(
            proto, target, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
        )
        return target.read_bytes()


def _forget_origin(proto: Any) -> None:
    """Drop what says on which machine and from which lines of code a model was made."""
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
