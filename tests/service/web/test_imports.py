"""What serving pages may load."""

import subprocess
import sys

_HEAVY = ("vl_convert", "transformers", "onnxruntime", "feedparser", "apscheduler", "torch", "service.pipeline")


def test_the_web_process_loads_no_model_no_parser_no_scheduler_and_no_chart_renderer() -> None:
    question = f"import sys, service.app; print([name for name in {_HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
