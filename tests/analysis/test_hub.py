"""Any sequence classification model of Hugging Face as an analyser, from a folder."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.errors import ModelError
from analysis.hub_labels import label_map
from analysis.registry import analyser, check_name
from analysis.types import Analyser, Sentiment
from service.cli.analyse import command as analyse
from tests.analysis import tiny_models

torch_only = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("transformers") is None,
    reason="torch and transformers are not installed here: `make train-test` runs this",
)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A model of seven words."""
    return tiny_models.folder(tmp_path / "tiny")


def opened(folder: Path, labels: Path | None = None) -> Analyser:
    """Return the analyser of a folder."""
    return analyser(f"hub:{folder}", labels=labels)


def labels(judge: Analyser, texts: Sequence[str]) -> list[Sentiment]:
    """Return the label of each text."""
    return [one.label for one in judge.analyse(texts)]


def test_a_folder_judges_texts(tiny: Path) -> None:
    found = labels(opened(tiny), ["good", "bad", "an umbrella", ""])

    assert found == [Sentiment.POSITIVE, Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.NEUTRAL]


def test_the_model_is_named_by_its_folder_and_what_it_holds(tiny: Path, tmp_path: Path) -> None:
    other = tiny_models.folder(tmp_path / "other", problem_type="multi_label_classification")

    assert opened(tiny).model.startswith("tiny@")
    assert opened(tiny).model.partition("@")[2] != opened(other).model.partition("@")[2]


def test_anger_is_the_light_analysers_where_no_label_means_it(tiny: Path) -> None:
    [fury] = opened(tiny).analyse(["你們的客服根本是垃圾，我要去消保會投訴！"])
    [alone] = analyser("ngram").analyse(["你們的客服根本是垃圾，我要去消保會投訴！"])

    assert (fury.anger, fury.angry, fury.because) == (alone.anger, alone.angry, alone.because)
    assert fury.model.endswith(f"+{alone.model}")


def test_a_label_of_anger_is_heard_in_any_window(tmp_path: Path) -> None:
    folder = tiny_models.folder(tmp_path / "moods", labels=("anger", "neutral", "joy"))
    text = "good " * 300 + "garbage garbage garbage. " * 30 + "good " * 300

    [judged] = opened(folder).analyse([text])

    assert judged.angry
    assert judged.label is Sentiment.POSITIVE
    assert judged.because
    assert all("garbage" in span.text and text[span.start : span.end] == span.text for span in judged.because)


def test_the_clause_that_says_most_is_given_when_asked(tiny: Path) -> None:
    text = "the soup was good, the waiter was bad bad bad"

    [judged] = opened(tiny).analyse([text], because=True)

    assert judged.label is Sentiment.NEGATIVE
    assert judged.because is not None
    assert [span.text for span in judged.because] == ["the waiter was bad bad bad"]


def test_a_mapping_beside_the_model_says_what_its_labels_mean(tmp_path: Path) -> None:
    folder = tiny_models.folder(tmp_path / "numbered", labels=("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(ModelError, match="'LABEL_0'"):
        opened(folder)

    meant = {"LABEL_0": ["negative", "anger"], "LABEL_1": [], "LABEL_2": "positive"}
    (folder / "earshot.json").write_text(json.dumps({"labels": meant, "angry_from": 0.9}), "utf-8")

    [judged] = opened(folder).analyse(["garbage bad garbage"])
    assert judged.angry
    assert judged.neutral == 0


def test_a_mapping_in_the_settings_goes_before_the_folders(tiny: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "upside_down.json"
    mapping.write_text(json.dumps({"labels": {"negative": "positive", "positive": "negative"}}), "utf-8")

    assert labels(opened(tiny, labels=mapping), ["good"]) == [Sentiment.NEGATIVE]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("nonsense", "damaged"),
        ('{"labels": {"negative": "bad"}}', "'negative' means 'bad'"),
        ('{"labels": {"nope": "negative"}}', "no label 'nope'"),
        ('{"labels": {"positive": []}}', "means positive"),
        ('{"labels": {}, "angry_from": 0}', "angry_from"),
    ],
)
def test_a_wrong_mapping_is_refused(tiny: Path, mapping: str, said: str) -> None:
    (tiny / "earshot.json").write_text(mapping, "utf-8")

    with pytest.raises(ModelError, match=said):
        opened(tiny)


def test_stars_and_moods_are_known_and_count_together() -> None:
    stars = label_map(("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), independent=False, mapping=None)

    [share] = stars.shares(np.array([[0.0, 1.0, 2.0, 3.0, 4.0]]))

    assert share[:3].sum() == pytest.approx(1)
    assert share[2] > share[1] > share[0]
    assert not stars.has_anger


def test_labels_that_stand_for_themselves_are_weighed_against_each_other() -> None:
    moods = label_map(("anger", "joy"), independent=True, mapping=None)

    quiet, both = moods.shares(np.array([[-90.0, -90.0], [90.0, 90.0]]))

    assert quiet.tolist() == pytest.approx([0, 1, 0, 0], abs=1e-6)
    assert both.tolist() == pytest.approx([0.5, 0, 0.5, 1], abs=1e-6)


def _only(folder: Path, name: str, content: bytes = b"\x80\x04.") -> None:
    """Leave one other file of weights in a folder."""
    (folder / "model.onnx").unlink()
    if name:
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "said"),
    [("pytorch_model.bin", "may run code"), ("model.pkl", "may run code"), ("", "no weights")],
)
def test_pickled_weights_are_never_read(tiny: Path, name: str, said: str) -> None:
    _only(tiny, name)

    with pytest.raises(ModelError, match=said):
        opened(tiny)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('{"auto_map": {"AutoModel": "evil.Model"}}', "code of its own"),
        ('{"id2label": {"0": "score"}}', "names no labels"),
        ('{"id2label": {"0": "negative", "7": "positive"}}', "no label '1'"),
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_a_config_that_cannot_be_trusted_is_refused(tiny: Path, config: str, said: str) -> None:
    (tiny / "config.json").write_text(config, "utf-8")

    with pytest.raises(ModelError, match=said):
        opened(tiny)


@pytest.mark.parametrize(("file", "said"), [("model.onnx", "cannot be opened"), ("tokenizer.json", "tokenizer")])
def test_a_damaged_file_is_named(tiny: Path, file: str, said: str) -> None:
    (tiny / file).write_bytes(b"nonsense")

    with pytest.raises(ModelError, match=said):
        opened(tiny)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no folder"):
        opened(tmp_path / "nowhere")


def test_a_name_is_not_downloaded_unless_the_settings_allow_it() -> None:
    with pytest.raises(ModelError, match="EARSHOT_HUB_DOWNLOAD"):
        analyser("hub:somebody/some-model")


def test_hub_alone_names_nothing() -> None:
    with pytest.raises(ModelError, match="hub:/path"):
        check_name("hub:")


def test_the_command_line_takes_a_folder(tiny: Path) -> None:
    asked = b'{"id": 1, "text": "bad bad"}\n'

    done = CliRunner().invoke(analyse, ["--analyser", f"hub:{tiny}"], input=asked)

    assert json.loads(done.output)["label"] == "negative"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_answered(tiny: Path, text: str) -> None:
    [judged] = opened(tiny).analyse([text], because=True)

    assert judged.negative + judged.neutral + judged.positive == pytest.approx(1)
    assert judged.because is not None
    assert all(text[span.start : span.end] == span.text for span in judged.because)


def _trained(folder: Path) -> Path:
    """Write a BERT with random weights and its tokenizer, as `save_pretrained` does."""
    transformers = pytest.importorskip("transformers")
    transformers.set_seed(7)
    named = dict(enumerate(tiny_models.LABELS))
    config = transformers.BertConfig(
        vocab_size=len(tiny_models.WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=1.0,
        id2label=named,
        label2id={label: place for place, label in named.items()},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tiny_models.tokenizer(), pad_token="[PAD]", unk_token="[UNK]"
    )
    tokenizer.save_pretrained(folder)
    return folder


@torch_only
@pytest.mark.filterwarnings("default")
def test_a_folder_of_safetensors_gives_what_a_pipeline_gives(tmp_path: Path) -> None:
    folder = _trained(tmp_path / "bert")
    texts = ["good", "bad garbage", "garbage good bad umbrella", "umbrella"]

    expected = pytest.importorskip("transformers").pipeline(
        "text-classification", model=str(folder), device="cpu", top_k=None
    )(texts)
    found = opened(folder).analyse(texts)

    for shares, one in zip(expected, found, strict=True):
        by_label = {share["label"]: share["score"] for share in shares}
        assert [one.negative, one.neutral, one.positive] == pytest.approx(
            [by_label[label] for label in tiny_models.LABELS], abs=1e-4
        )


@torch_only
@pytest.mark.filterwarnings("default")
def test_weights_that_were_never_taught_to_classify_are_refused(tmp_path: Path) -> None:
    stored = pytest.importorskip("safetensors.numpy")
    folder = _trained(tmp_path / "bert")
    weights = stored.load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("classifier")}
    stored.save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(ModelError, match="never taught to classify"):
        opened(folder)


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed here")
def test_safetensors_without_the_extra_say_what_to_install(tiny: Path) -> None:
    _only(tiny, "model.safetensors")

    with pytest.raises(ModelError, match=r"pip install 'earshot\[hub\]'"):
        opened(tiny)
