"""Models of a few words in the shape of Hugging Face folders: a text's scores are the mean of its words' rows."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

#: What each word says, in the columns of `LABELS`.
LABELS = ("negative", "neutral", "positive")
WORDS: Mapping[str, tuple[float, ...]] = {
    "[CLS]": (0.0, 0.5, 0.0),
    "[UNK]": (0.0, 0.5, 0.0),
    "[SEP]": (0.0, 0.5, 0.0),
    "[PAD]": (0.0, 0.0, 0.0),
    "good": (-2.0, 0.0, 6.0),
    "bad": (6.0, 0.0, -2.0),
    "garbage": (9.0, 0.0, -3.0),
}

#: Numbers of the fields and types of ONNX's messages.
_FLOAT, _INT64 = 1, 7
_INT, _INTS = 2, 7


def tokenizer() -> Tokenizer:
    """Return a tokenizer of whole words."""
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 0), ("[SEP]", 2)]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return made


def _varint(number: int) -> bytes:
    """Return a whole number as protocol buffers write it."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _field(number: int, value: int | bytes | str) -> bytes:
    """Return one field of a message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _message(*fields: tuple[int, int | bytes | str]) -> bytes:
    """Return a message."""
    return b"".join(_field(number, value) for number, value in fields)


def _place(name: str, kind: int, shape: Sequence[str | int]) -> bytes:
    """Return an input or output."""
    dimensions = [(1, _message((2 if isinstance(size, str) else 1, size))) for size in shape]
    return _message((1, name), (2, _message((1, _message((1, kind), (2, _message(*dimensions)))))))


def graph(rows: Sequence[Sequence[float]]) -> bytes:
    """Return an ONNX graph: `input_ids` of one text in, the mean of its rows out as `logits`."""
    content = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
    table = _message((1, len(rows)), (1, len(rows[0])), (2, _FLOAT), (8, "table"), (9, content))
    gather = _message((1, "table"), (1, "input_ids"), (2, "rows"), (3, "gather"), (4, "Gather"))
    axes = _message((1, "axes"), (8, 1), (20, _INTS))
    keep = _message((1, "keepdims"), (3, 0), (20, _INT))
    mean = _message((1, "rows"), (2, "logits"), (3, "mean"), (4, "ReduceMean"), (5, axes), (5, keep))
    body = _message(
        (1, gather),
        (1, mean),
        (2, "tiny"),
        (5, table),
        (11, _place("input_ids", _INT64, ["texts", "pieces"])),
        (12, _place("logits", _FLOAT, ["texts", len(rows[0])])),
    )
    return _message((1, 8), (7, body), (8, _message((2, 13))))


def folder(path: Path, *, labels: Sequence[str] = LABELS, **config: object) -> Path:
    """Write a model with a graph of ONNX and return its folder."""
    path.mkdir(exist_ok=True)
    named = {str(place): label for place, label in enumerate(labels)}
    (path / "config.json").write_text(json.dumps({"model_type": "bert", "id2label": named, **config}), "utf-8")
    tokenizer().save(str(path / "tokenizer.json"))
    (path / "model.onnx").write_bytes(graph(list(WORDS.values())))
    return path
