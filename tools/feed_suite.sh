#!/bin/sh
# Print the folder with feedparser's own test files, of the very release we ship; fetch it where it is not there yet.
# EARSHOT_FEED_SUITE names such a folder of your own. They come with its source archive, whose hash is in our lock.
set -eu
[ -z "${EARSHOT_FEED_SUITE:-}" ] || { echo "$EARSHOT_FEED_SUITE" && exit 0; }
cd "$(dirname "$0")/.."
python=${1:-.venv-test/bin/python} lock=requirements/run.txt
folder=$PWD/build/feedparser-tests

wanted=$(awk '/^[a-z]/ { ours = /^feedparser==/ } ours' "$lock")
if [ "$(cat "$folder/.fetched" 2>/dev/null)" != "$wanted" ]; then
  echo "Fetching feedparser's own test files" >&2
  mkdir -p build
  download=$(mktemp -d)
  trap 'rm -rf "$download"' EXIT
  echo "$wanted" >"$download/lock.txt"
  if ! "$python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps --no-binary :all: \
    --require-hashes --requirement "$download/lock.txt" --dest "$download" >&2; then
    echo "earshot: feedparser's source archive could not be fetched from the package index; the feed tests need its test" \
      "files. Try again, or unpack its tests/ into $folder by hand and set EARSHOT_FEED_SUITE to it" >&2
    exit 1
  fi
  rm -rf "$folder"
  mkdir "$folder"
  tar -xzf "$download"/feedparser-*.tar.gz -C "$folder" --strip-components=2 --wildcards '*/tests'
  echo "$wanted" >"$folder/.fetched"
fi
echo "$folder"
