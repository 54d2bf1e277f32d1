#!/bin/sh
# Make a virtual environment from a lock, with the project itself in it; do nothing where it is already so.
#   tools/environment.sh .venv requirements/run.txt
#   tools/environment.sh .venv-train requirements/train.txt requirements/train-cpu.txt requirements/train-cuda.txt
set -eu
cd "$(dirname "$0")/.."
venv=$1 lock=$2 cpu=${3:-} cuda=${4:-}

# A stamp is the content that was installed, and where: an environment does not survive being moved, or the loss of its Python.
locked="$PWD/$venv $(cat "$lock" ${cpu:+"$cpu"} ${cuda:+"$cuda"} | cksum)"
installed="$locked $(cksum <pyproject.toml)"
works() { "$venv/bin/python" -c '' 2>/dev/null; }
stamped() { [ "$(cat "$venv/$1" 2>/dev/null)" = "$2" ]; }

if stamped .locked "$locked" && works; then
  ! stamped .installed "$installed" || exit 0
else
  python=$(PYTHON="${PYTHON:-}" tools/python.sh)
  echo "Making $venv with $("$python" --version) from $lock: a minute or two" >&2
  "$python" -m venv --clear "$venv"
  # Wheels only, as nothing here may ask for a compiler; but snownlp, beside which we measure, has none and is plain Python.
  # A lock is whole, or is with its second part, so pip looks for no more.
  install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
      --no-binary snownlp --require-hashes --requirement "$1"
  }
  [ -z "$cpu" ] || install "$cpu" 2>/dev/null || echo "No PyTorch without CUDA is known here: PyPI's, of some 6 GB" >&2
  install "$lock"
  # PyPI's torch for Linux does not start without CUDA's packages; a build without CUDA, where pip found one, does.
  [ -z "$cuda" ] || "$venv/bin/python" -c 'import torch' 2>/dev/null || install "$cuda"
  echo "$locked" >"$venv/.locked"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
echo "$installed" >"$venv/.installed"
