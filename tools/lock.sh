#!/usr/bin/env bash
# Write requirements/*.txt anew from pyproject.toml: hashed, for every platform and Python that the project supports.
#   tools/lock.sh [--upgrade]      without it, versions that still fit stay as they are
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet uv

compile() { # compile NAME [OPTION]…: the project's own dependencies and what the options add
  local name=$1
  shift
  # No header and no index: where a machine fetches its packages from is that machine's business.
  "$venv/bin/uv" pip compile pyproject.toml --quiet --no-header --no-emit-index-url \
    --universal --python-version 3.11 --generate-hashes --output-file "requirements/$name.txt" "$@"
}

compile run --group build "$@"
# Test and training environments run the very versions that ship.
compile test --group test --group build --constraint requirements/run.txt "$@"
compile train --extra train --extra hub --group bench --group test --group build --constraint requirements/run.txt "$@"
compile_group() { "$venv/bin/uv" pip compile --quiet --no-header --no-emit-index-url --no-annotate --universal \
  --python-version 3.11 --generate-hashes --group "pyproject.toml:$1" --output-file "requirements/$1.txt" "${@:2}"; }
compile_group fuzz "$@"
"${PYTHON:-python3}" tools/part_cuda.py
