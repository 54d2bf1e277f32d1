"""A foreign model on disk: which files are read, and how. Nothing is unpickled and no code of the model's runs.

model.onnx or onnx/model.onnx   runs on ONNX Runtime and needs tokenizer.json beside it, nothing more
*.safetensors                   runs on transformers and torch: the extra `hub`
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError

Scores = NDArray[np.float64]
Integers = NDArray[np.int64]
#: The input's name -> one row of numbers; gives one row of raw scores.
Network = Callable[[Mapping[str, Integers]], Scores]

_CONFIG = "config.json"
_TOKENIZER = "tokenizer.json"
_GRAPHS = ("model.onnx", "onnx/model.onnx")
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".joblib", ".npz")
#: All that is fetched of a model named by its name.
_SAFE = ("*.safetensors", "*.json", "*.onnx", "*.txt", "*.model")


class Encoding(Protocol):
    """What is used of a text's pieces."""

    ids: list[int]
    type_ids: list[int]
    offsets: list[tuple[int, int]]
    overflowing: "list[Encoding]"


class Tokenizer(Protocol):
    """What is used of a tokenizer."""

    def encode(self, sequence: str) -> Encoding:
        """Return a text's pieces, those beyond the longest window as overflowing windows."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class HubModel:
    """A model, ready."""

    #: folder@checksum
    name: str
    labels: tuple[str, ...]
    #: Whether each label stands for itself.
    independent: bool
    tokenizer: Tokenizer
    network: Network


def _library(name: str) -> ModuleType:
    """Return a library. Raises ModelError with a remedy."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ModelError(f"this model needs {name}: pip install 'earshot[hub]'") from error


def fetched(name: str, *, download: bool) -> Path:
    """Return the folder of a model of the hub, fetched once. Raises ModelError where that is not allowed or fails."""
    if not download:
        raise ModelError(
            f"{name} would have to be downloaded: set EARSHOT_HUB_DOWNLOAD=true, or name a folder (hub:/path/to/model)"
        )
    repository, _, revision = name.partition("@")
    fetch = cast("Callable[..., str]", _library("huggingface_hub").snapshot_download)
    try:
        return Path(fetch(repository, revision=revision or None, allow_patterns=list(_SAFE)))
    except Exception as error:  # the library's errors have no common ancestor of their own
        raise ModelError(f"{name} cannot be downloaded ({error}); check the name and the network") from error


def _read_config(folder: Path) -> Mapping[str, object]:
    """Return config.json. Raises ModelError where it is missing, damaged or asks for code of its own."""
    path = folder / _CONFIG
    try:
        config = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); name the folder of a model") from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error})") from error
    if not isinstance(config, dict):
        raise ModelError(f"{path} is not a JSON object")
    if "auto_map" in config:
        raise ModelError(f"{path} asks for code of its own (auto_map), which is never run; choose another model")
    return config


def _labels(folder: Path, config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the labels in the order of the columns. Raises ModelError."""
    named = config.get("id2label")
    if not isinstance(named, dict) or len(named) < 2:
        raise ModelError(f"{folder / _CONFIG} names no labels (id2label): it is no sequence classification model")
    try:
        return tuple(str(named[str(column)]) for column in range(len(named)))
    except KeyError as error:
        raise ModelError(f"{folder / _CONFIG}: id2label has no label {error}") from error


def _weights(folder: Path) -> tuple[Path, ...]:
    """Return the files of weights to read: a graph, or safetensors. Raises ModelError where there are only others."""
    graph = next((folder / name for name in _GRAPHS if (folder / name).is_file()), None)
    if graph is not None:
        return (graph,)
    tensors = tuple(sorted(folder.glob("*.safetensors")))
    if tensors:
        return tensors
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLED)
    if pickled:
        raise ModelError(
            f"{folder} holds its weights only as {', '.join(pickled)}, which may run code when read;"
            " save it as safetensors or ONNX"
        )
    raise ModelError(f"{folder} holds no weights: neither model.safetensors nor model.onnx")


def _checksum(paths: tuple[Path, ...]) -> str:
    """Return what tells these files from others."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def _longest(config: Mapping[str, object], asked: int) -> int:
    """Return how many pieces a window may have: what is asked for, or less where the model has fewer places."""
    places = config.get("max_position_embeddings")
    # Some count their places from behind the padding's.
    return min(asked, places - 2) if isinstance(places, int) and places > 8 else asked


def _tokenizer(folder: Path, length: int) -> Tokenizer:
    """Return the tokenizer, which cuts texts into overlapping windows. Raises ModelError."""
    path = folder / _TOKENIZER
    try:
        if path.is_file():
            found = _library("tokenizers").Tokenizer.from_file(str(path))
        else:
            loaded = _library("transformers").AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            found = loaded.backend_tokenizer
        found.no_padding()
        found.enable_truncation(length, stride=length // 4)
    except ModelError:
        raise
    except Exception as error:  # both libraries raise bare exceptions of their own
        raise ModelError(f"the tokenizer of {folder} cannot be used ({error}); it needs {_TOKENIZER}") from error
    return cast("Tokenizer", found)


def _graph(path: Path) -> Network:
    """Return a network that runs on ONNX Runtime. Raises ModelError."""
    runtime = _library("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise ModelError(f"{path} cannot be opened ({error})") from error
    wanted = {one.name for one in session.get_inputs()}
    outputs = [one.name for one in session.get_outputs()]
    output = "logits" if "logits" in outputs else outputs[0]

    def run(inputs: Mapping[str, Integers]) -> Scores:
        [scores] = session.run([output], {name: value for name, value in inputs.items() if name in wanted})
        return cast("Scores", np.asarray(scores, dtype=np.float64))

    return run


def _torch(folder: Path) -> Network:
    """Return a network that runs on torch. Raises ModelError."""
    torch, transformers = _library("torch"), _library("transformers")
    torch.set_num_threads(1)
    try:
        model, loading = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, output_loading_info=True
        )
    except Exception as error:  # as above
        raise ModelError(f"{folder} cannot be opened as a sequence classification model ({error})") from error
    if loading["missing_keys"]:
        missing = ", ".join(sorted(loading["missing_keys"])[:3])
        raise ModelError(f"{folder} was never taught to classify: its weights lack {missing}")
    model = model.float().eval()
    wanted = set(inspect.signature(model.forward).parameters)

    def run(inputs: Mapping[str, Integers]) -> Scores:
        with torch.inference_mode():
            given = {name: torch.from_numpy(value) for name, value in inputs.items() if name in wanted}
            return cast("Scores", model(**given).logits.numpy().astype(np.float64))

    return run


def open_model(folder: Path, *, length: int, mapping: Path | None) -> HubModel:
    """Return the model of a folder, windows of up to `length` pieces. Raises ModelError with a remedy."""
    if not folder.is_dir():
        raise ModelError(f"there is no folder {folder}; name one with {_CONFIG}, {_TOKENIZER} and the weights")
    config = _read_config(folder)
    labels = _labels(folder, config)
    weights = _weights(folder)
    read = (*weights, folder / _CONFIG, *([mapping] if mapping else []))
    return HubModel(
        name=f"{folder.resolve().name}@{_checksum(read)}",
        labels=labels,
        independent=config.get("problem_type") == "multi_label_classification",
        tokenizer=_tokenizer(folder, _longest(config, length)),
        network=_graph(weights[0]) if weights[0].suffix == ".onnx" else _torch(folder),
    )
