"""The encoder on disk: a JSON header beside a graph and a tokenizer, nothing that could run code.

encoder.json             name, what the columns mean, each language's tuning; size and SHA-256 of the other two
encoder.onnx             the network, mostly whole numbers of 8 bits
encoder.tokenizer.json   the vocabulary
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from analysis.errors import ModelError
from analysis.heads import HEADS

_HEADER = "encoder.json"
_GRAPH = "encoder.onnx"
_TOKENIZER = "encoder.tokenizer.json"
_FORMAT = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderTuning:
    """How raw scores become probabilities in one language."""

    #: Sentiment scores are multiplied by it,
    sharpness: float
    #: then these are added: negative, neutral, positive.
    offsets: tuple[float, float, float]
    #: The log odds of anger: its raw score × this
    anger_slope: float
    #: plus this.
    anger_offset: float
    #: The probability of anger from which a text counts as angry.
    threshold: float


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderFiles:
    """The checked files."""

    name: str
    graph: bytes
    tokenizer: str
    #: By language tag; "" is for every other language.
    tunings: Mapping[str, EncoderTuning]
    #: The probability from which a cause is named.
    cause_threshold: float

    def tuning(self, language: str) -> EncoderTuning:
        """Return a language's tuning."""
        return self.tunings.get(language, self.tunings[""])


def _columns() -> dict[str, list[str]]:
    """Return what the code takes the columns to mean."""
    return {name: list(head.values) for name, head in HEADS.items()}


def _tuning(written: Mapping[str, object]) -> EncoderTuning:
    """Return a tuning from the header. Raises ValueError, TypeError or KeyError."""
    offsets = written["offsets"]
    if not isinstance(offsets, list):
        raise TypeError("offsets are a list")
    negative, neutral, positive = (float(offset) for offset in offsets)
    numbers = {name: float(str(written[name])) for name in ("sharpness", "anger_slope", "anger_offset", "threshold")}
    return EncoderTuning(offsets=(negative, neutral, positive), **numbers)


def _checked(path: Path, expected: Mapping[str, object]) -> bytes:
    """Return a file's bytes. Raises ModelError where they are not those of the header."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read ({error.strerror}); install Earshot again") from error
    if len(content) != expected.get("size") or hashlib.sha256(content).hexdigest() != expected.get("sha256"):
        raise ModelError(f"the model file {path} is damaged; install Earshot again")
    return content


def load(folder: Path) -> EncoderFiles:
    """Return the encoder of a folder, its checksums verified. Raises ModelError with a remedy."""
    path = folder / _HEADER
    try:
        header = json.loads(path.read_text("utf-8"))
        if header["format"] != _FORMAT or header["columns"] != _columns():
            raise ModelError(f"{path} belongs to another version of Earshot; install the two together")
        files, name = header["files"], str(header["name"])
        _ = header["tunings"][""]
        tunings = {str(tag): _tuning(written) for tag, written in header["tunings"].items()}
        cause_threshold = float(header["cause_threshold"])
        expected = {part: dict(files[part]) for part in (_GRAPH, _TOKENIZER)}
    except OSError as error:
        raise ModelError(f"the model file {path} cannot be read ({error.strerror}); install Earshot again") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"the model file {path} is damaged ({error}); install Earshot again") from error
    return EncoderFiles(
        name=name,
        graph=_checked(folder / _GRAPH, expected[_GRAPH]),
        tokenizer=_checked(folder / _TOKENIZER, expected[_TOKENIZER]).decode(),
        tunings=tunings,
        cause_threshold=cause_threshold,
    )


def save(folder: Path, files: EncoderFiles) -> None:
    """Write the encoder into a folder."""
    contents = {_GRAPH: files.graph, _TOKENIZER: files.tokenizer.encode()}
    for part, content in contents.items():
        (folder / part).write_bytes(content)
    header = {
        "format": _FORMAT,
        "name": files.name,
        "columns": _columns(),
        "cause_threshold": files.cause_threshold,
        "tunings": {tag: asdict(tuning) for tag, tuning in files.tunings.items()},
        "files": {
            part: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for part, content in contents.items()
        },
    }
    (folder / _HEADER).write_text(json.dumps(header, ensure_ascii=False, indent=1) + "\n", "utf-8")
