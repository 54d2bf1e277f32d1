"""The encoder for training: the base's layers, the mean of the last one, one linear map to the heads' columns, and
one from the means of a middle and the last layer to the embedding."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.heads import EMBEDDING, WIDTH
from analysis.training.base import Base

#: One more column than ships: whether a text is toxic, which only helps to learn.
TOXIC = WIDTH
COLUMNS = WIDTH + 1
_EPSILON = 1e-12
_DROPOUT = 0.1
#: Added to the attention on padding.
_NEVER = -1e4


class Layer(nn.Module):  # type: ignore[misc]  # torch is not where types are checked
    """One layer of the transformer, its normalisation after each half."""

    def __init__(self, hidden: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, _EPSILON)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm2 = nn.LayerNorm(hidden, _EPSILON)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """Return the next states."""
        batch, length, hidden = states.shape
        size = hidden // self.heads
        query, key, value = self.qkv(states).view(batch, length, 3, self.heads, size).permute(2, 0, 3, 1, 4).unbind(0)
        # Written out: the fused kernel's way back is slow on CPUs for heads this small.
        weights = torch.softmax(torch.matmul(query * size**-0.5, key.transpose(-1, -2)) + bias, -1)
        mixed = torch.matmul(weights, value).transpose(1, 2).reshape(batch, length, hidden)
        states = self.norm1(states + self.out(mixed))
        inner: Tensor = self.norm2(states + self.down(functional.gelu(self.up(states))))
        return inner


class Network(nn.Module):  # type: ignore[misc]  # as above
    """Texts as numbers of pieces in, one column per answer out."""

    def __init__(self, *, words: int, positions: int, hidden: int, inner: int, heads: int, layers: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, hidden)
        self.positions = nn.Embedding(positions, hidden)
        self.norm = nn.LayerNorm(hidden, _EPSILON)
        self.layers = nn.ModuleList(Layer(hidden, inner, heads) for _ in range(layers))
        self.dropout = nn.Dropout(_DROPOUT)
        self.answers = nn.Linear(hidden, COLUMNS)
        self.embedding = nn.Linear(2 * hidden, EMBEDDING, bias=False)
        nn.init.normal_(self.answers.weight, std=0.02)
        nn.init.zeros_(self.answers.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the columns and the embedding, of unit length; `mask` is 1 for pieces and 0 for padding."""
        states = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        present = mask.to(states.dtype)
        bias = ((1 - present) * _NEVER)[:, None, None, :]
        means = []
        for number, layer in enumerate(self.layers, 1):
            states = layer(states, bias)
            if number in (len(self.layers) // 2, len(self.layers)):
                means.append((states * present[:, :, None]).sum(1) / present.sum(1, keepdim=True))
        embedding = functional.normalize(self.embedding(torch.cat(means, -1)).float(), dim=-1)
        return self.answers(self.dropout(means[-1])), embedding


def _layer_weights(base: Base, source: int, target: int) -> dict[str, Tensor]:
    """Return one of the base's layers under the names of ours."""
    hidden, inner = base.shape.hidden, base.shape.inner
    weights = {
        "qkv.weight": [base.matrix(f"l{source}.{part}.w", hidden, hidden) for part in "qkv"],
        "qkv.bias": [base.vector(f"l{source}.{part}.b", hidden) for part in "qkv"],
        "out.weight": [base.matrix(f"l{source}.ao.w", hidden, hidden)],
        "out.bias": [base.vector(f"l{source}.ao.b", hidden)],
        "up.weight": [base.matrix(f"l{source}.fi.w", inner, hidden)],
        "up.bias": [base.vector(f"l{source}.fi.b", inner)],
        "down.weight": [base.matrix(f"l{source}.fo.w", hidden, inner)],
        "down.bias": [base.vector(f"l{source}.fo.b", hidden)],
        "norm1.weight": [base.vector(f"l{source}.aln.w", hidden)],
        "norm1.bias": [base.vector(f"l{source}.aln.b", hidden)],
        "norm2.weight": [base.vector(f"l{source}.oln.w", hidden)],
        "norm2.bias": [base.vector(f"l{source}.oln.b", hidden)],
    }
    return {
        f"layers.{target}.{name}": torch.cat([torch.from_numpy(part) for part in parts])
        for name, parts in weights.items()
    }


def from_base(base: Base, kept: Sequence[int], layers: Sequence[int]) -> Network:
    """Return a network that starts from some of the base's layers and the kept rows of its vocabulary."""
    shape = base.shape
    network = Network(
        words=len(kept),
        positions=shape.positions,
        hidden=shape.hidden,
        inner=shape.inner,
        heads=shape.heads,
        layers=len(layers),
    )
    weights = dict(network.state_dict())
    words = base.matrix("emb.word", shape.words, shape.hidden)[list(kept)]
    positions = base.vector("emb.pos", shape.positions * shape.hidden).reshape(shape.positions, shape.hidden)
    kinds = base.vector("emb.type", shape.hidden)
    weights["words.weight"] = torch.from_numpy(words)
    weights["positions.weight"] = torch.from_numpy(positions + kinds)
    weights["norm.weight"] = torch.from_numpy(base.vector("emb.ln.w", shape.hidden))
    weights["norm.bias"] = torch.from_numpy(base.vector("emb.ln.b", shape.hidden))
    for target, source in enumerate(layers):
        weights |= _layer_weights(base, source, target)
    network.load_state_dict(weights)
    return network


def from_weights(weights: Mapping[str, Tensor], heads: int = 12) -> Network:
    """Return the network that a checkpoint's weights are of."""
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    words, hidden = weights["words.weight"].shape
    network = Network(
        words=words,
        positions=weights["positions.weight"].shape[0],
        hidden=hidden,
        inner=weights["layers.0.up.weight"].shape[0],
        heads=heads,
        layers=layers,
    )
    network.load_state_dict(dict(weights))
    return network
