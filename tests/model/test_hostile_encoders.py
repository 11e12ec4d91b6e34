"""ONNX files that are no encoder of the schema: refused in one line that names the file."""

from importlib.util import find_spec

import numpy as np
import pytest

from depeche.labels.errors import ArtifactError
from depeche.labels.schema import read_schema

SCHEMA = read_schema()


def made_encoder(change: str) -> bytes:
    """Return an ONNX model that gives the same logits to every text, with something wrong."""
    from onnx import TensorProto, helper

    if change == "garbage":
        return b"\x08\x07no"
    width = 2 if change == "width" else SCHEMA.n_labels
    value = float("nan") if change == "nan" else 0.5
    name = "ids" if change == "input" else "input_ids"
    nodes = [
        helper.make_node("Cast", [name], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["x"], ["y"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["y", "zero"], ["z"]),
        helper.make_node("Add", ["z", "bias"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, None])]
    if change == "output":
        outputs.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1]))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, None])]
    constants = [
        helper.make_tensor("bias", TensorProto.FLOAT, [1, width], [value] * width),
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
    ]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


@pytest.mark.skipif(find_spec("onnx") is None, reason="needs the extra camembert")
@pytest.mark.parametrize("change", ["none", "garbage", "input", "width", "output", "nan"])
def test_onnx_that_is_no_encoder_of_the_schema_is_refused(change: str) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    from depeche.model.scoring.encoder import EncoderScorer

    encoder = made_encoder(change)
    words = Tokenizer(models.WordLevel({"un": 0, "[UNK]": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()

    def use() -> object:
        return EncoderScorer(encoder, words.to_str().encode(), 8, 0.25, SCHEMA).logits(["un mot"])

    if change == "none":
        assert np.asarray(use()).shape == (1, SCHEMA.n_labels)
    else:
        with pytest.raises((ArtifactError, ValueError), match=r"encoder\.onnx"):
            use()
