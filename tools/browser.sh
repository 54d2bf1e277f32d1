#!/bin/sh
# Print a headless Chromium that runs here, installing one where there is none, and see to Chinese and Thai fonts.
set -eu
python=${1:-.venv-test/bin/python}

runs() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; } # an empty shell of a package does not
found() {
  if [ -n "${EARSHOT_CHROMIUM:-}" ]; then
    runs "$EARSHOT_CHROMIUM" && echo "$EARSHOT_CHROMIUM" && return
    echo "earshot: EARSHOT_CHROMIUM is $EARSHOT_CHROMIUM, which does not run: correct or unset it" >&2
    exit 1
  fi
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    path=$(command -v "$name" 2>/dev/null) && runs "$path" && echo "$path" && return
  done
  path=$("$python" -c 'from playwright.sync_api import sync_playwright as start
with start() as playwright: print(playwright.chromium.executable_path)' 2>/dev/null) && runs "$path" && echo "$path"
}
has_fonts() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-tw)" ] && [ -n "$(fc-list :lang=th)" ]; }
is_root_with_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install() {
  echo "Installing $*" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2
}

browser=$(found) || {
  # `exit` inside $( ) only leaves the subshell: a browser that was named and does not run ends it here.
  [ -z "${EARSHOT_CHROMIUM:-}" ] || exit 1
  if is_root_with_apt; then
    install chromium || true
  else
    echo "Installing Playwright's Chromium" >&2
    "$python" -m playwright install chromium >&2 || true
  fi
  browser=$(found) || {
    echo "earshot: no Chromium here and none could be installed: run 'apt install chromium' as root," \
      "or set EARSHOT_CHROMIUM to one that runs" >&2
    exit 1
  }
}

if ! has_fonts; then
  if is_root_with_apt; then
    install fontconfig fonts-noto-cjk fonts-thai-tlwg || true
  fi
  has_fonts || echo "earshot: note: no Chinese or Thai fonts here, so pages show boxes:" \
    "'apt install fonts-noto-cjk fonts-thai-tlwg' as root" >&2
fi
echo "$browser"
