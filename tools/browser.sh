#!/bin/sh
# Print a headless Chromium that runs here, installing one where there is none, and see to what tests need beside it:
# Playwright's driver, and fonts for Chinese and Thai.
set -eu
python=${1:-.venv-test/bin/python}

runs() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; } # an empty shell of a package does not
found() {
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    path=$(command -v "$name" 2>/dev/null) && runs "$path" && echo "$path" && return
  done
  path=$("$python" -c 'from playwright.sync_api import sync_playwright as start
with start() as playwright: print(playwright.chromium.executable_path)' 2>/dev/null) && runs "$path" && echo "$path"
}
driver_runs() { "$python" -m playwright --version >/dev/null 2>&1; }
has_fonts() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-tw)" ] && [ -n "$(fc-list :lang=th)" ]; }
is_root_with_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install() {
  echo "Installing $*" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@"; } >&2
}
stop() {
  echo "earshot: $*" >&2
  exit 1
}

if [ -n "${EARSHOT_CHROMIUM:-}" ] && ! runs "$EARSHOT_CHROMIUM"; then
  stop "EARSHOT_CHROMIUM is $EARSHOT_CHROMIUM, which does not run: correct or unset it"
fi

if ! driver_runs; then
  ! is_root_with_apt || install libatomic1 || true # the one library it needs that a bare Debian lacks
  driver_runs || stop "Playwright's driver does not start: run 'apt install libatomic1' as root"
fi

browser=${EARSHOT_CHROMIUM:-$(found)} || {
  if is_root_with_apt; then
    install chromium || true
  else
    echo "Installing Playwright's Chromium" >&2
    "$python" -m playwright install chromium >&2 || true
  fi
  browser=$(found) ||
    stop "no Chromium here and none could be installed: run 'apt install chromium' as root," \
      "or set EARSHOT_CHROMIUM to one that runs"
}

if ! has_fonts; then
  ! is_root_with_apt || install fontconfig fonts-noto-cjk fonts-thai-tlwg || true
  has_fonts || echo "earshot: note: no Chinese or Thai fonts here, so pages show boxes:" \
    "run 'apt install fontconfig fonts-noto-cjk fonts-thai-tlwg' as root" >&2
fi
echo "$browser"
