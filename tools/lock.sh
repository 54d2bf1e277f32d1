#!/usr/bin/env bash
# Write requirements/*.txt anew from pyproject.toml: hashed, for every platform and Python that the project supports.
#   tools/lock.sh [--upgrade]      without it, versions that still fit stay as they are
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
"${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet uv

compile() { # compile NAME [OPTION]…: what the options name
  local name=$1
  shift
  # No header and no index: where a machine fetches its packages from is that machine's business.
  "$venv/bin/uv" pip compile --quiet --no-header --no-emit-index-url \
    --universal --python-version 3.11 --generate-hashes --output-file "requirements/$name.txt" "$@"
}

compile run pyproject.toml --group build "$@"
# Test and training environments run the very versions that ship.
compile test pyproject.toml --group test --group build --constraint requirements/run.txt "$@"
compile train pyproject.toml --extra train --extra hub --group bench --group test --group build \
  --constraint requirements/run.txt "$@"
# Goes into the test environment, without what is there already.
compile fuzz --group pyproject.toml:fuzz --no-annotate "$@"
"${PYTHON:-python3}" tools/part_cuda.py
