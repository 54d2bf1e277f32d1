#!/bin/sh
# See to it that Postfix and Dovecot are here for the tests that send and read real mail; say why not where they are not.
set -eu

is_here() { [ -x /usr/sbin/postfix ] && [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/lmtp ] &&
  [ -e /usr/lib/dovecot/modules/lib90_sieve_plugin.so ]; }

if ! is_here && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Postfix and Dovecot" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 \
    --no-install-recommends dovecot-imapd dovecot-lmtpd dovecot-sieve postfix; } >&2 || true
fi
is_here || echo "earshot: note: no Postfix and Dovecot here, so tests with real mail are skipped: run" \
  "'apt install dovecot-imapd dovecot-lmtpd dovecot-sieve postfix' as root" >&2
