"""From a checkpoint to the file that ships: an ONNX graph of the operations that ONNX Runtime is quickest at, its
matrices in whole numbers of 8 bits. The graph is written by hand, as a traced one would have to be fused again
afterwards."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from analysis.heads import EMBEDDING, WIDTH
from analysis.training.network import COLUMNS

_FUSED = "com.microsoft"
_EPSILON = 1e-12
_HEADS = 12
_OPSET = 17
_IR = 9
_STEPS = 127

Array = NDArray[np.float32]


class _Graph:
    """Collects the nodes and weights of a graph."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.values: list[onnx.TensorProto] = []

    def value(self, name: str, array: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        self.values.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, name: str) -> str:
        """Add a weight as it is."""
        return self.value(name, self.weights[name])

    def matrix(self, name: str) -> str:
        """Add a matrix, laid out for MatMul."""
        return self.value(name, self.weights[f"{name}.weight"].T)

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: object) -> str:
        """Add a node and return its first output."""
        self.nodes.append(
            helper.make_node(kind, inputs, outputs, domain=domain, name=f"{outputs[0]}_node", **attributes)
        )
        return outputs[0]


def _words(graph: _Graph) -> str:
    """Add the vocabulary, one scale a row, and return the looked-up rows."""
    table = graph.weights["words.weight"]
    scale = np.abs(table).max(axis=1, keepdims=True) / _STEPS
    scale[scale == 0] = 1
    graph.value("words", np.rint(table / scale).astype(np.int8))
    graph.value("word_scales", scale.astype(np.float32))
    graph.node("Gather", ["words", "ids"], ["word_steps"])
    graph.node("Cast", ["word_steps"], ["word_numbers"], to=TensorProto.FLOAT)
    graph.node("Gather", ["word_scales", "ids"], ["word_scale"])
    return graph.node("Mul", ["word_numbers", "word_scale"], ["word_rows"])


def _start(graph: _Graph) -> str:
    """Add words and places, and return the states before the first layer."""
    words = _words(graph)
    graph.weight("positions.weight")
    for number in range(3):
        graph.value(f"axis{number}", np.array([number], np.int64))
    graph.node("Shape", ["ids"], ["shape"])
    graph.node("Slice", ["shape", "axis1", "axis2"], ["length"])
    graph.node("Slice", ["positions.weight", "axis0", "length"], ["places"])
    return _norm(graph, [words, "places"], "norm", "states")


def _norm(graph: _Graph, parts: list[str], weights: str, name: str) -> str:
    """Add the sum of parts, normalised. Of Sum, ONNX Runtime makes no SkipLayerNormalization as it does of Add, whose
    loop over single numbers took 30 % of the time; LayerNormalization takes 5 %."""
    total = graph.node("Sum", parts, [f"{name}.sum"])
    inputs = [total, graph.weight(f"{weights}.weight"), graph.weight(f"{weights}.bias")]
    return graph.node("LayerNormalization", inputs, [name], axis=-1, epsilon=_EPSILON)


def _layer(graph: _Graph, number: int, states: str) -> str:
    """Add a layer and return its states."""
    own = f"layers.{number}."

    def product(source: str, name: str) -> str:
        whole = graph.node("MatMul", [source, graph.matrix(own + name)], [f"{own}{name}.product"])
        return graph.node("Add", [whole, graph.weight(f"{own}{name}.bias")], [f"{own}{name}.row"])

    parts = [f"{own}{part}" for part in ("query", "key", "value")]
    graph.node("Split", [product(states, "qkv"), "thirds"], parts, axis=-1)
    mixed = graph.node("MultiHeadAttention", parts, [f"{own}mixed"], _FUSED, num_heads=_HEADS)
    middle = _norm(graph, [product(mixed, "out"), states], f"{own}norm1", f"{own}middle")
    inner = graph.node("Gelu", [product(middle, "up")], [f"{own}inner"], _FUSED)
    return _norm(graph, [product(inner, "down"), middle], f"{own}norm2", f"{own}states")


def _answers(graph: _Graph, middle: str, last: str) -> None:
    """Add the heads that ship, and the embedding."""
    means = [
        graph.node("ReduceMean", [states], [name], axes=[1], keepdims=0)
        for states, name in ((middle, "middle_mean"), (last, "mean"))
    ]
    heads = [graph.value(f"answers.{part}", graph.weights[f"answers.{part}"][:WIDTH]) for part in ("weight", "bias")]
    graph.node("Gemm", ["mean", *heads], ["answers"], transB=1)
    graph.node("Concat", means, ["means"], axis=-1)
    graph.node("Gemm", ["means", graph.weight("embedding.weight")], ["direction"], transB=1)
    graph.node("LpNormalization", ["direction"], ["embedding"], axis=-1, p=2)


def graph_of(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """Return the graph of a checkpoint, its matrices still in full precision."""
    graph = _Graph(weights)
    hidden = weights["norm.weight"].shape[0]
    graph.value("thirds", np.array([hidden] * 3, np.int64))
    states = [_start(graph)]
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    for number in range(layers):
        states.append(_layer(graph, number, states[-1]))
    _answers(graph, states[layers // 2], states[-1])
    # Texts of one length, as nothing masks padding: the encoder judges each window alone.
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "pieces"])]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", width])
        for name, width in (("answers", WIDTH), ("embedding", EMBEDDING))
    ]
    made = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.values)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=_IR)


def checkpoint(graph: bytes) -> dict[str, Array]:
    """Return the weights of a file that ships, out of their 8 bits, under the names that training knows."""
    values = {one.name: numpy_helper.to_array(one) for one in onnx.load_from_string(graph).graph.initializer}
    found = {"words.weight": values["words"].astype(np.float32) * values["word_scales"]}
    for name, value in values.items():
        layer, _, rest = name.partition("_")
        if rest == "quantized":
            found[f"{layer}.weight"] = (value.astype(np.float32) * values[f"{layer}_scale"]).T
        elif rest == "Transposed":
            found[layer] = value.T
        elif name.endswith((".weight", ".bias")):
            found[name] = value
    for name in ("answers.weight", "answers.bias"):
        # What only helped to learn has not shipped.
        missing = np.zeros((COLUMNS - WIDTH, *found[name].shape[1:]), np.float32)
        found[name] = np.concatenate([found[name], missing])
    return {name: np.array(value, dtype=np.float32, order="C") for name, value in found.items()}


def export(weights: Mapping[str, Array], target: Path) -> None:
    """Write the file that ships: matrices per column in 8 bits, what flows between them measured as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        onnx.save(graph_of(weights), str(whole))
        quantize_dynamic(
            str(whole),
            str(target),
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            # Small, and all that counts goes through them.
            nodes_to_exclude=["answers_node_MatMul", "direction_node_MatMul"],
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
