#!/bin/sh
# Make a virtual environment from a lock, with the project itself in it; do nothing where it is already so.
#   tools/environment.sh .venv requirements/run.txt
set -eu
cd "$(dirname "$0")/.."
venv=$1 lock=$2

# A stamp is the content that was installed, and where: an environment does not survive being moved, or the loss of its Python.
locked="$PWD/$venv $(cksum <"$lock")"
installed="$locked $(cksum <pyproject.toml)"
works() { "$venv/bin/python" -c '' 2>/dev/null; }
stamped() { [ "$(cat "$venv/$1" 2>/dev/null)" = "$2" ]; }

if stamped .locked "$locked" && works; then
  ! stamped .installed "$installed" || exit 0
else
  python=$(PYTHON="${PYTHON:-}" tools/python.sh)
  echo "Making $venv with $("$python" --version) from $lock: a minute or two" >&2
  "$python" -m venv --clear "$venv"
  # Wheels only: nothing here may ask for a compiler.
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: --require-hashes \
    --requirement "$lock"
  echo "$locked" >"$venv/.locked"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
echo "$installed" >"$venv/.installed"
