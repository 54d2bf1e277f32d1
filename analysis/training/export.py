"""From a checkpoint to the file that ships: an ONNX graph of the operations that ONNX Runtime is quickest at, its
matrices in whole numbers of 8 bits. The graph is written by hand, as a traced one would have to be fused again
afterwards.

What flows into a matrix is rounded to 8 bits as well, each piece by its own largest number: so a text's answer does not
depend on the texts beside it, and a loud piece does not coarsen the quiet ones. States are one row a piece; only the
attention sees which text a row is of.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from analysis.heads import EMBEDDING, WIDTH
from analysis.training.network import COLUMNS

_FUSED = "com.microsoft"
_EPSILON = 1e-12
_HEADS = 12
_OPSET = 17
_IR = 9
_STEPS = 127
#: Keeps the scale of a row of zeros from being zero.
_LEAST = 1e-9

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

    def matrix(self, name: str) -> list[str]:
        """Add a matrix, laid out for MatMul, in 8 bits with one scale a column; return its name and that of the
        scales."""
        steps, scale = _in_steps(self.weights[f"{name}.weight"])
        return [self.value(f"{name}_quantized", steps.T), self.value(f"{name}_scale", scale[:, 0])]

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: object) -> str:
        """Add a node and return its first output."""
        self.nodes.append(
            helper.make_node(kind, inputs, outputs, domain=domain, name=f"{outputs[0]}_node", **attributes)
        )
        return outputs[0]


def _in_steps(table: Array) -> tuple[NDArray[np.int8], Array]:
    """Return a table in whole numbers, and the scale of each row."""
    scale = np.abs(table).max(axis=1, keepdims=True) / _STEPS
    scale[scale == 0] = 1
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


def _words(graph: _Graph) -> str:
    """Add the vocabulary, one scale a row, and return the looked-up rows."""
    steps, scale = _in_steps(graph.weights["words.weight"])
    graph.value("words", steps)
    graph.value("word_scales", scale)
    graph.node("Gather", ["words", "ids"], ["word_steps"])
    graph.node("Cast", ["word_steps"], ["word_numbers"], to=TensorProto.FLOAT)
    graph.node("Gather", ["word_scales", "ids"], ["word_scale"])
    return graph.node("Mul", ["word_numbers", "word_scale"], ["word_rows"])


def _start(graph: _Graph) -> str:
    """Add words and places, and return the states before the first layer."""
    words = _words(graph)
    graph.weight("positions.weight")
    graph.node("Slice", ["positions.weight", "axis0", "length"], ["places"])
    graph.node("Sum", [words, "places"], ["placed"])
    rows = graph.node("Reshape", ["placed", "rows"], ["placed_rows"])
    return _norm(graph, [rows], "norm", "states")


def _constants(graph: _Graph, hidden: int) -> None:
    """Add the numbers that every layer uses, and the shapes that depend on the texts."""
    for number in range(3):
        graph.value(f"axis{number}", np.array([number], np.int64))
    graph.value("thirds", np.array([hidden] * 3, np.int64))
    graph.value("rows", np.array([-1, hidden], np.int64))
    graph.value("flat", np.array([-1], np.int64))
    graph.value("one", np.array(1, np.float32))
    graph.value("step", np.array(1 / _STEPS, np.float32))
    graph.value("least", np.array(_LEAST, np.float32))
    graph.value("middle_step", np.array(_STEPS + 1, np.uint8))
    graph.node("Shape", ["ids"], ["shape"])
    graph.node("Slice", ["shape", "axis1", "axis2"], ["length"])
    graph.node("Cast", ["length"], ["count"], to=TensorProto.FLOAT)
    graph.node("Concat", ["axis1", "length"], ["one_row"], axis=0)
    graph.node("Expand", ["one", "one_row"], ["ones"])
    for name, width in (("texts", hidden), ("triples", 3 * hidden)):
        graph.value(f"{name}.width", np.array([width], np.int64))
        graph.node("Concat", ["shape", f"{name}.width"], [name], axis=0)
    graph.node("ReduceProd", ["shape"], ["pieces"], keepdims=1)
    graph.node("Expand", [graph.value("middle_steps", np.array([_STEPS + 1], np.uint8)), "pieces"], ["zeros"])


def _norm(graph: _Graph, parts: list[str], weights: str, name: str) -> str:
    """Add the sum of parts, normalised. Of Sum, ONNX Runtime makes no SkipLayerNormalization as it does of Add, whose
    loop over single numbers took 30 % of the time; LayerNormalization takes 5 %."""
    total = graph.node("Sum", parts, [f"{name}.sum"])
    inputs = [total, graph.weight(f"{weights}.weight"), graph.weight(f"{weights}.bias")]
    return graph.node("LayerNormalization", inputs, [name], axis=-1, epsilon=_EPSILON)


def _product(graph: _Graph, source: str, name: str) -> str:
    """Add the product of rows with a matrix, and its bias."""
    graph.node("Abs", [source], [f"{name}.sizes"])
    graph.node("ReduceMax", [f"{name}.sizes"], [f"{name}.largest"], axes=[-1], keepdims=1)
    graph.node("Mul", [f"{name}.largest", "step"], [f"{name}.measured"])
    scale = graph.node("Max", [f"{name}.measured", "least"], [f"{name}.scale"])
    graph.node("Reshape", [scale, "flat"], [f"{name}.scales"])
    steps = graph.node("QuantizeLinear", [source, f"{name}.scales", "zeros"], [f"{name}.steps"], axis=0)
    matrix, scales = graph.matrix(name)
    inputs = [steps, matrix, "one", scales, "middle_step"]
    graph.node("MatMulIntegerToFloat", inputs, [f"{name}.product"], _FUSED)
    graph.node("Mul", [f"{name}.product", scale], [f"{name}.scaled"])
    return graph.node("Add", [f"{name}.scaled", graph.weight(f"{name}.bias")], [f"{name}.row"])


def _layer(graph: _Graph, number: int, states: str) -> str:
    """Add a layer and return its states."""
    own = f"layers.{number}."
    parts = [f"{own}{part}" for part in ("query", "key", "value")]
    joined = graph.node("Reshape", [_product(graph, states, f"{own}qkv"), "triples"], [f"{own}joined"])
    graph.node("Split", [joined, "thirds"], parts, axis=-1)
    graph.node("MultiHeadAttention", parts, [f"{own}mixed"], _FUSED, num_heads=_HEADS)
    mixed = graph.node("Reshape", [f"{own}mixed", "rows"], [f"{own}mixed_rows"])
    middle = _norm(graph, [_product(graph, mixed, f"{own}out"), states], f"{own}norm1", f"{own}middle")
    inner = graph.node("Gelu", [_product(graph, middle, f"{own}up")], [f"{own}inner"], _FUSED)
    return _norm(graph, [_product(graph, inner, f"{own}down"), middle], f"{own}norm2", f"{own}states")


def _mean(graph: _Graph, states: str, name: str) -> str:
    """Add the mean of states over each text's pieces, as a product: ReduceMean sums one text up in another order than
    several."""
    whole = graph.node("Reshape", [states, "texts"], [f"{name}.states"])
    graph.node("MatMul", ["ones", whole], [f"{name}.sums"])
    graph.node("Squeeze", [f"{name}.sums", "axis1"], [f"{name}.sum"])
    return graph.node("Div", [f"{name}.sum", "count"], [name])


def _answers(graph: _Graph, middle: str, last: str) -> None:
    """Add the heads that ship, and the embedding."""
    means = [_mean(graph, middle, "middle_mean"), _mean(graph, last, "mean")]
    heads = [graph.value(f"answers.{part}", graph.weights[f"answers.{part}"][:WIDTH]) for part in ("weight", "bias")]
    graph.node("Add", [_each(graph, "mean", heads[0], "answers.products"), heads[1]], ["answers"])
    graph.node("Concat", means, ["means"], axis=-1)
    direction = _each(graph, "means", graph.weight("embedding.weight"), "direction")
    graph.node("LpNormalization", [direction], ["embedding"], axis=-1, p=2)


def _each(graph: _Graph, vectors: str, matrix: str, name: str) -> str:
    """Add the product of a matrix with each vector on its own: one product of all is summed up in another order than
    that of a single one."""
    graph.node("Unsqueeze", [vectors, "axis2"], [f"{name}.column"])
    graph.node("MatMul", [matrix, f"{name}.column"], [f"{name}.columns"])
    return graph.node("Squeeze", [f"{name}.columns", "axis2"], [name])


def graph_of(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """Return the graph of a checkpoint."""
    graph = _Graph(weights)
    hidden = weights["norm.weight"].shape[0]
    _constants(graph, hidden)
    states = [_start(graph)]
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    for number in range(layers):
        states.append(_layer(graph, number, states[-1]))
    _answers(graph, states[layers // 2], states[-1])
    # Texts of one length, as nothing masks padding.
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
        elif name.endswith((".weight", ".bias")):
            found[name] = value
    for name in ("answers.weight", "answers.bias"):
        # What only helped to learn has not shipped.
        missing = np.zeros((COLUMNS - WIDTH, *found[name].shape[1:]), np.float32)
        found[name] = np.concatenate([found[name], missing])
    return {name: np.array(value, dtype=np.float32, order="C") for name, value in found.items()}


def export(weights: Mapping[str, Array], target: Path) -> None:
    """Write the file that ships."""
    onnx.save(graph_of(weights), str(target))
