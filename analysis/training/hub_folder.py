"""The shipped encoder as a folder that transformers opens: `python -m analysis.training.hub_folder FOLDER`.

In full precision it is four times as large as what ships, so it is made where somebody wants it. Its class is XLM,
whose layers are the encoder's and whose summary is a mean; the labels are those of sentiment, tuned for any language.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from analysis.encoder_files import EncoderTuning, load
from analysis.heads import HEADS, SENTIMENTS
from analysis.training.export import checkpoint

_SHIPPED = Path(__file__).parents[1] / "model"
_HEADS = 12
_PARTS = {"out": "attentions.{}.out_lin", "up": "ffns.{}.lin1", "down": "ffns.{}.lin2"}
_NORMS = {"norm1": "layer_norm1.{}", "norm2": "layer_norm2.{}"}

Array = NDArray[np.float32]


def _layer(weights: dict[str, Array], number: int) -> dict[str, Array]:
    """Return one layer under transformers' names."""
    found = {}
    for kind in ("weight", "bias"):
        for name, ours in zip("qkv", np.split(weights[f"layers.{number}.qkv.{kind}"], 3), strict=True):
            found[f"transformer.attentions.{number}.{name}_lin.{kind}"] = ours
        for name, theirs in {**_PARTS, **_NORMS}.items():
            found[f"transformer.{theirs.format(number)}.{kind}"] = weights[f"layers.{number}.{name}.{kind}"]
    return found


def _tensors(weights: dict[str, Array], tuning: EncoderTuning, layers: int) -> dict[str, Array]:
    """Return all weights under transformers' names."""
    columns = HEADS["sentiment"].columns
    tensors = {
        "transformer.embeddings.weight": weights["words.weight"],
        "transformer.position_embeddings.weight": weights["positions.weight"],
        "transformer.layer_norm_emb.weight": weights["norm.weight"],
        "transformer.layer_norm_emb.bias": weights["norm.bias"],
        "sequence_summary.summary.weight": weights["answers.weight"][columns] * np.float32(tuning.sharpness),
        "sequence_summary.summary.bias": weights["answers.bias"][columns] * np.float32(tuning.sharpness)
        + np.array(tuning.offsets, np.float32),
    }
    for number in range(layers):
        tensors |= _layer(weights, number)
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _config(weights: dict[str, Array], layers: int) -> dict[str, object]:
    """Return what transformers has to know."""
    return {
        "architectures": ["XLMForSequenceClassification"],
        "model_type": "xlm",
        "id2label": {str(column): name for column, name in enumerate(SENTIMENTS)},
        "label2id": {name: column for column, name in enumerate(SENTIMENTS)},
        "vocab_size": len(weights["words.weight"]),
        "max_position_embeddings": len(weights["positions.weight"]),
        "emb_dim": len(weights["norm.weight"]),
        "n_layers": layers,
        "n_heads": _HEADS,
        "gelu_activation": True,
        "sinusoidal_embeddings": False,
        "causal": False,
        "asm": False,
        "n_langs": 1,
        "use_lang_emb": False,
        "layer_norm_eps": 1e-12,
        "summary_type": "mean",
        "summary_use_proj": True,
        "summary_proj_to_labels": True,
        "bos_index": 0,
        "pad_index": 1,
        "eos_index": 2,
        "unk_index": 3,
        "pad_token_id": 1,
    }


def write(folder: Path, shipped: Path = _SHIPPED) -> None:
    """Write the folder: config.json, model.safetensors and tokenizer.json. Raises ModelError."""
    files = load(shipped)
    weights = checkpoint(files.graph)
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    folder.mkdir(parents=True, exist_ok=True)
    tensors = _tensors(weights, files.tunings[""], layers)
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(weights, layers), indent=1) + "\n", "utf-8")
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer) + "\n", "utf-8")
    shutil.copyfile(shipped / "encoder.tokenizer.json", folder / "tokenizer.json")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
