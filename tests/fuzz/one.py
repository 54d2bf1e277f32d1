"""`python -m tests.fuzz.one TARGET SECONDS`: fuzzes one target in a process of its own."""

import random
import sys
import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

_BY_COVERAGE = find_spec("atheris") is not None
if _BY_COVERAGE:
    import atheris
# Only what is loaded in here tells the fuzzer which ways were taken.
with atheris.instrument_imports(include=["collectors", "alerts", "feedparser"]) if _BY_COVERAGE else nullcontext():
    from tests.fuzz.mutations import mutated
    from tests.fuzz.targets import check, seeds

_FOLDER = Path("build/fuzz")
_MOST_BYTES = 16_384


def main(name: str, seconds: int) -> None:
    """Fuzz the target; fails where it is broken, and leaves the input in build/fuzz."""
    corpus = _FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed{number}").write_bytes(seed)
    if not _BY_COVERAGE:
        _by_chance(name, corpus, seconds)
        return
    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", f"-max_len={_MOST_BYTES}"]
    shown = [f"-artifact_prefix={_FOLDER}/broken-{name}-", "-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([name, str(corpus), *options, *shown], lambda payload: check(name, payload))
    atheris.Fuzz()


def _by_chance(name: str, corpus: Path, seconds: int) -> None:
    chance, started = random.Random(name), time.monotonic()
    known = [path.read_bytes() for path in sorted(corpus.iterdir())]
    tried = 0
    while time.monotonic() - started < seconds:
        payload = mutated(chance.choice(known), chance)[:_MOST_BYTES]
        tried += 1
        try:
            check(name, payload)
        except Exception:
            (_FOLDER / f"broken-{name}-{tried}").write_bytes(payload)
            raise
    print(f"{name}: {tried} inputs by chance")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
