#!/bin/sh
# Print the first Python that can make our environment: 3.11 or newer, with venv. PYTHON names one of your own.
old='' bare=''
for name in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
  path=$(command -v "$name" 2>/dev/null) || continue
  if ! "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    old="$old $name"
  elif ! "$path" -c 'import ensurepip, venv' 2>/dev/null; then
    bare="$bare $name"
  else
    echo "$path"
    exit 0
  fi
done

if [ -n "$bare" ]; then
  echo "earshot: no environment can be made by$bare: run 'apt install python3-venv' first (or name another Python: make PYTHON=...)" >&2
elif [ -n "$old" ]; then
  echo "earshot: needs Python 3.11 or newer, found only older ones:$old (name a newer one: make PYTHON=...)" >&2
else
  echo "earshot: needs Python 3.11 or newer, found none: run 'apt install python3 python3-venv' (or name one: make PYTHON=...)" >&2
fi
exit 1
