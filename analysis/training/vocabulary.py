"""A vocabulary for four languages: of the base's 250,000 pieces, those that their texts use.

Kept: every piece seen in the train files (Chinese in both scripts) or in English prose, every single character of the
scripts we serve, every Thai and every Han piece. A text is then cut into the same pieces as before, or nearly always.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from analysis.script import simplified, traditional
from analysis.training.corpus import LANGUAGES, rows

_BATCH = 2_000
#: <s>, <pad>, </s>, <unk>; their numbers stay.
_SPECIAL = 4
_UNKNOWN = 3
_HAN = "\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THAI = "\u0e00-\u0e7f"
_SIGNS = "\u00a0-\u00bf\u2000-\u2bff\u3000-\u303f\uff00-\uffef\ufe00-\ufe0f\U0001f000-\U0001faff"
_KANA = "\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"
_SINGLE = re.compile(rf"[\x00-\x7f{_SIGNS}{_HAN}{_THAI}{_KANA}]?")
_WHOLE = re.compile(rf"[{_THAI}]+|[{_HAN}\u3000-\u303f\uff00-\uffef]*[{_HAN}][{_HAN}\u3000-\u303f\uff00-\uffef]*")
_WORD_START = "▁"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The trimmed tokenizer and which of the base's rows it keeps, in its order."""

    tokenizer: str
    kept: tuple[int, ...]


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in batches."""
    left = iter(texts)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _texts(corpus: Path) -> Iterator[str]:
    """Yield every train text, Chinese in both scripts, and the English of the installed packages' own pages."""
    for language in LANGUAGES:
        for row in rows(corpus, language, "train"):
            text = str(row["text"])
            yield text
            if language.startswith("zh"):
                yield traditional(text) if language == "zh-Hans" else simplified(text)
    for package in distributions():
        yield str(package.metadata.json.get("description") or "")


def _used(tokenizer: Tokenizer, texts: Iterable[str]) -> set[int]:
    """Return the pieces the texts are cut into."""
    used: set[int] = set()
    for batch in _batches(texts):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            used.update(encoding.ids)
    return used


def _ours(piece: str) -> bool:
    """Return whether a piece is kept though no text showed it."""
    bare = piece.replace(_WORD_START, "")
    return _SINGLE.fullmatch(bare) is not None or _WHOLE.fullmatch(bare) is not None


def trimmed(path: Path, corpus: Path) -> Vocabulary:
    """Return the vocabulary for our languages, from the base's tokenizer."""
    content = json.loads(path.read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pieces = content["model"]["vocab"]
    added = {entry["id"] for entry in content["added_tokens"]}
    kept = sorted(
        set(range(_SPECIAL))
        | added
        | _used(tokenizer, _texts(corpus))
        | {number for number, (piece, _) in enumerate(pieces) if _ours(piece)}
    )
    new = {old: number for number, old in enumerate(kept)}
    content["model"]["vocab"] = [pieces[old] for old in kept if old < len(pieces)]
    for entry in content["added_tokens"]:
        entry["id"] = new[entry["id"]]
    for entry in content["post_processor"]["special_tokens"].values():
        entry["ids"] = [new[old] for old in entry["ids"]]
    content["truncation"] = content["padding"] = None
    return Vocabulary(tokenizer=json.dumps(content, ensure_ascii=False), kept=tuple(kept))


def same_cut(path: Path, vocabulary: Vocabulary, texts: Sequence[str]) -> tuple[float, float]:
    """Return the share of texts cut into the same pieces as by the base's tokenizer, and that of unknown pieces."""
    before, after = Tokenizer.from_file(str(path)), Tokenizer.from_str(vocabulary.tokenizer)
    before.no_truncation()
    before.no_padding()
    new = {old: number for number, old in enumerate(vocabulary.kept)}
    same = unknown = total = 0
    for batch in _batches(texts):
        pairs = zip(before.encode_batch_fast(batch), after.encode_batch_fast(batch), strict=True)
        for whole, cut in pairs:
            same += [new.get(number, -1) for number in whole.ids] == cut.ids
            unknown += cut.ids.count(_UNKNOWN)
            total += len(cut.ids)
    return same / max(1, len(texts)), unknown / max(1, total)
