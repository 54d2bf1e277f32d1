"""What ships, as a folder that transformers opens: needs torch, `make train-test` runs it."""

from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="transformers is not installed here: `make train-test` runs this")
pytest.importorskip("torch", reason="torch is not installed here: `make train-test` runs this")
pytest.importorskip("onnx", reason="onnx is not installed here: `make train-test` runs this")

import torch

from analysis.encoder import open_encoder
from analysis.encoder_files import EncoderFiles, EncoderTuning, save
from analysis.registry import analyser
from analysis.training import hub_folder
from analysis.training.export import export
from analysis.training.network import Network
from tests.analysis import tiny_models

_PLAIN = EncoderTuning(sharpness=1.5, offsets=(0.2, -0.1, 0.0), anger_slope=1.0, anger_offset=0.0, threshold=0.5)


def _shipped(folder: Path) -> Path:
    """Write an encoder with random weights as training does."""
    torch.manual_seed(3)
    network = Network(words=len(tiny_models.WORDS), positions=64, hidden=48, inner=192, heads=12, layers=2)
    torch.nn.init.normal_(network.answers.weight)
    folder.mkdir()
    graph = folder / "made.onnx"
    export({name: tensor.numpy() for name, tensor in network.state_dict().items()}, graph)
    tokenizer = tiny_models.tokenizer().to_str()
    files = EncoderFiles(
        name="tiny@1", graph=graph.read_bytes(), tokenizer=tokenizer, tunings={"": _PLAIN}, cause_threshold=0.5
    )
    save(folder, files)
    return folder


@pytest.mark.filterwarnings("default")
def test_transformers_reads_what_ships_as_we_do(tmp_path: Path) -> None:
    shipped = _shipped(tmp_path / "shipped")
    texts = ["good", "bad bad garbage", "umbrella good", "garbage good bad umbrella good good"]

    hub_folder.write(tmp_path / "opened", shipped)
    ours = open_encoder(shipped).analyse(texts)
    theirs = analyser(f"hub:{tmp_path / 'opened'}").analyse(texts)

    assert [one.label for one in theirs] == [one.label for one in ours]
    for one, other in zip(ours, theirs, strict=True):
        # Ours is in whole numbers of 8 bits.
        assert (one.negative, one.neutral) == pytest.approx((other.negative, other.neutral), abs=0.05)
