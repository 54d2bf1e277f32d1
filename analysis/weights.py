"""The weights of the n-gram model on disk: a JSON header beside raw bytes, nothing that could run code.

ngram.json   name, version, scales, intercepts and each language's tuning; the size and SHA-256 of the bytes
ngram.bin    one bit per bucket (known or not), then for each known bucket one signed byte per column
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError

#: negative, neutral, positive, anger
COLUMNS = 4
_HEADER = "ngram.json"
_BYTES = "ngram.bin"
_FORMAT = 1
_MOST_BITS = 24

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """How raw scores become probabilities in one language."""

    #: Sentiment scores are multiplied by it,
    sharpness: float
    #: then these are added: negative, neutral, positive.
    offsets: tuple[float, float, float]
    #: The log odds of anger: anger score × this,
    anger_slope: float
    #: plus how much negative outweighs the rest × this,
    negative_slope: float
    #: plus this.
    anger_offset: float
    #: The probability of anger from which a text counts as angry.
    threshold: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A linear model over hashed grams."""

    name: str
    bits: int
    #: Which of the 2**bits buckets the model knows.
    known: NDArray[np.bool_]
    #: One row per bucket, zero where unknown.
    table: NDArray[np.int8]
    #: What one step of a column is worth.
    scales: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    #: By language tag; "" is for every other language.
    tunings: Mapping[str, Tuning]

    def tuning(self, language: str) -> Tuning:
        """Return the tuning of a language."""
        return self.tunings.get(language, self.tunings[""])


def save(weights: Weights, folder: Path) -> None:
    """Write both files."""
    content = np.packbits(weights.known).tobytes() + weights.table[weights.known].tobytes()
    header = {
        "format": _FORMAT,
        "name": weights.name,
        "bits": weights.bits,
        "known": int(weights.known.sum()),
        "sha256": hashlib.sha256(content).hexdigest(),
        "scales": weights.scales.tolist(),
        "intercepts": weights.intercepts.tolist(),
        "tunings": {language: asdict(tuning) for language, tuning in weights.tunings.items()},
    }
    folder.joinpath(_BYTES).write_bytes(content)
    folder.joinpath(_HEADER).write_text(json.dumps(header, indent=1) + "\n", "utf-8")


def _broken(path: Path, what: str) -> ModelError:
    """Return the error for a file that cannot be used."""
    remedy = "install Earshot again, or make the file by `python -m analysis.training.ngram --corpus FOLDER`"
    return ModelError(f"{path}: {what}; {remedy}")


def _read(path: Path) -> bytes:
    """Return a file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _broken(path, error.strerror or "cannot be read") from error


def _tuning(values: Mapping[str, object]) -> Tuning:
    """Return one language's tuning from the header."""
    negative, neutral, positive = (float(value) for value in _typed(values["offsets"], list))
    rest = {key: float(_typed(value, float)) for key, value in values.items() if key != "offsets"}
    return Tuning(offsets=(negative, neutral, positive), **rest)


def _typed(value: object, kind: type[T]) -> T:
    """Return the value if it is of the kind; a whole number is a float too."""
    if kind is float and isinstance(value, int):
        return kind(value)  # type: ignore[call-arg]  # kind is float here
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not a {kind.__name__}")
    return value


def _numbers(value: object) -> NDArray[np.float64]:
    """Return one number per column."""
    numbers = np.array([_typed(number, float) for number in _typed(value, list)], dtype=np.float64)
    if numbers.shape != (COLUMNS,) or not np.isfinite(numbers).all():
        raise ValueError(f"expected {COLUMNS} numbers")
    return numbers


def _weights(header: Mapping[str, object], content: bytes) -> Weights:
    """Return the model of a header and its bytes. Raises KeyError, TypeError or ValueError where they do not fit."""
    if header["format"] != _FORMAT:
        raise ValueError(f"format {header['format']!r}, this program reads {_FORMAT}")
    bits = _typed(header["bits"], int)
    if not 8 <= bits <= _MOST_BITS:
        raise ValueError(f"{bits} bits")
    flags = (1 << bits) // 8
    known = np.unpackbits(np.frombuffer(content[:flags], dtype=np.uint8)).astype(bool)
    rows = np.frombuffer(content[flags:], dtype=np.int8).reshape(-1, COLUMNS)
    table = np.zeros((1 << bits, COLUMNS), dtype=np.int8)
    table[known] = rows
    tunings = _typed(header["tunings"], dict)
    if "" not in tunings:
        raise ValueError("no tuning for other languages")
    return Weights(
        name=_typed(header["name"], str),
        bits=bits,
        known=known,
        table=table,
        scales=_numbers(header["scales"]),
        intercepts=_numbers(header["intercepts"]),
        tunings={str(language): _tuning(values) for language, values in tunings.items()},
    )


def load(folder: Path) -> Weights:
    """Return the model in the folder. Raises ModelError where a file is missing or not what was written."""
    path = folder / _HEADER
    content = _read(folder / _BYTES)
    try:
        header = json.loads(_read(path))
        if header["sha256"] != hashlib.sha256(content).hexdigest():
            raise _broken(folder / _BYTES, "damaged (its SHA-256 is not the one in ngram.json)")
        return _weights(header, content)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise _broken(path, f"not a model's header ({error})") from error
