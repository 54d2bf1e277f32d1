"""Parts requirements/train.txt: CUDA's packages go to train-cuda.txt, which is installed only where torch needs it."""

import re
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "requirements"
_CUDA = re.compile(r"(nvidia-|cuda-|triton==)")


def main() -> None:
    """Write both files."""
    whole = (_FOLDER / "train.txt").read_text("utf-8")
    # Each requirement with its hashes and what asks for it.
    blocks = re.split(r"^(?=[A-Za-z0-9])", whole, flags=re.MULTILINE)
    for name, is_cuda in (("train", False), ("train-cuda", True)):
        own = [block for block in blocks if bool(_CUDA.match(block)) is is_cuda]
        (_FOLDER / f"{name}.txt").write_text("".join(own), "utf-8")


if __name__ == "__main__":
    main()
