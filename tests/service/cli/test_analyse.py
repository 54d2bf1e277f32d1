"""`earshot analyse` and `earshot evaluate` answer whatever lines they get."""

import json
import os
import pty
import subprocess
from pathlib import Path

from tests.service import programs

ODD = [
    json.dumps({"id": 1, "text": "傻眼，店員態度超差，氣死我了！！！"}, ensure_ascii=False),
    json.dumps({"id": 2, "text": ""}),
    json.dumps({"id": 3, "text": "x" * 1_000_000}),
    json.dumps({"id": 4, "text": 12}),
    json.dumps({"id": 5, "text": "🤬🤬🤬"}),
    json.dumps({"id": 6, "text": "好吃 but ช้ามาก слишком долго"}),
    "not json",
    "[]",
    json.dumps({"id": 7, "text": "fine", "rating": 1}),
    '{"id": 8, "text": "\\ud800 half"}',
]


def judged(lines: list[str], *options: str) -> list[dict[str, object]]:
    done = programs.run("analyse", "-", *options, settings={}, stdin="\n".join(lines).encode("utf-8", "surrogatepass"))
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_ten_thousand_odd_lines_keep_order_and_count() -> None:
    plain = [json.dumps({"id": f"n{number}", "text": f"noodles number {number}"}) for number in range(9_980)]
    lines = [*ODD, *plain, *ODD]
    answers = judged(lines)

    assert len(answers) == len(lines)
    assert [answer["id"] for answer in answers[len(ODD) : -len(ODD)]] == [f"n{n}" for n in range(9_980)]
    assert [("error" in answer) for answer in answers[: len(ODD)]] == [
        False,
        False,
        False,
        True,
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_verdict_has_every_field_of_the_contract() -> None:
    (verdict,) = judged([ODD[0]], "--because")

    assert {"id", "language", "sentiment", "label", "anger", "anger_level", "angry", "because", "model"} <= set(verdict)
    assert verdict["language"] == "zh-Hant"
    assert verdict["angry"] is True
    sentiment = verdict["sentiment"]
    assert isinstance(sentiment, dict)
    assert abs(sum(sentiment.values()) - 1) < 1e-6


def test_evaluation_prints_scores_by_language() -> None:
    rows = [
        {"text": "Great noodles, lovely people!", "sentiment": "pos", "lang": "en", "anger": 0},
        {"text": "Disgusting thieves, I want my money back!!!", "sentiment": "neg", "lang": "en", "anger": 1},
    ]
    text = "\n".join(map(json.dumps, rows)).encode()
    shown = programs.run("evaluate", "-", "--json", settings={}, stdin=text)

    assert shown.returncode == 0, shown.stderr.decode()
    assert json.loads(shown.stdout)["languages"]["en"]["sentiment"]["n"] == 2


def test_a_label_that_makes_no_sense_is_named_with_its_line() -> None:
    done = programs.run("evaluate", "-", settings={}, stdin=b'{"text": "a", "sentiment": "meh"}')

    assert done.returncode == 1
    assert b"line 1" in done.stderr
    assert b"Traceback" not in done.stderr


MIXED = [
    json.dumps({"id": number, "text": text.format(number), "rating": number % 6}, ensure_ascii=False)
    for number, text in enumerate(
        [
            "第{}次來了，湯頭不錯，但是店員態度很差，不會再來",
            "垃圾商家，骗子，气死我了，退钱{}！！！",
            "รอ {} นาทีแล้ว พนักงานพูดจาแย่มาก ไม่มาอีก",
            "Order {} was fine. The courier threw it over the fence and laughed at me!",
            "ok",
        ]
        * 60
    )
]


def test_threads_and_processes_answer_alike_to_the_byte() -> None:
    def answered(lines: list[str], *options: str) -> bytes:
        done = programs.run("analyse", "-", *options, settings={}, stdin="\n".join(lines).encode())
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    whole = answered(MIXED, "--threads", "1")

    assert whole.count(b"\n") == len(MIXED)
    assert answered(MIXED, "--threads", "2") == whole
    # Where the file is cut makes other batches of it.
    assert answered(MIXED[:101]) + answered(MIXED[101:]) == whole


def shown_on_a_terminal(*arguments: str) -> tuple[bytes, bytes]:
    """Return what a command writes, and what it shows on the terminal that its errors go to."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [programs.PYTHON, "-m", "service.cli", *arguments],
        env=programs.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        written, _ = process.communicate()
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    return written, shown


def test_a_terminal_shows_how_far_it_is_and_a_file_does_not(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(MIXED[:5]) + "\n")

    written, shown = shown_on_a_terminal("analyse", str(path), "--analyser", "ngram")
    quiet = programs.run("analyse", str(path), "--analyser", "ngram", settings={})

    assert b"100%" in shown
    assert quiet.stderr == b""
    assert quiet.stdout == written
