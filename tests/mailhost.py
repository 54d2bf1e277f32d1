"""A real mail host on 127.0.0.1: Postfix takes and sends, Dovecot keeps, sorts and shows. Children of the test run.

They come from Debian (`dovecot-imapd dovecot-lmtpd dovecot-sieve postfix`); `make test` installs them as root. Both
need root to give their parts to other users, so that elsewhere the tests that use them are skipped with the reason.
"""

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

CERTIFICATE = Path(__file__).parent / "alerts" / "channels" / "localhost.pem"
PASSWORD = "only for tests"
#: Of a user who likes it hard.
HARD_PASSWORD = '密碼 "ลับ" \\{3}'
#: Who has a mailbox; mail for anybody else bounces.
USERS = ("ann", "desk", "bounces", "away", "hard")
_PASSWORDS = {"hard": HARD_PASSWORD}
_STARTS_WITHIN = 20

_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = earshot-test
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
auth_username_format = %Ln
recipient_delimiter = +
mail_location = maildir:{folder}/mail/%u
mail_uid = nobody
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
submission_host = 127.0.0.1:{smtp}
postmaster_address = postmaster@mail.test
hostname = mail.test
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
  default_fields = uid=nobody gid={group} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{folder}/home/%u/active.sieve
  sieve_duplicate_default_period = 1d
  sieve_vacation_min_period = 0
}}
"""

_POSTFIX = {
    "compatibility_level": "3.6",
    "myhostname": "mail.test",
    "mydestination": "",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "local_transport": "error:no mail is kept here",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "maillog_file_prefixes": "/",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "smtpd_peername_lookup": "no",
    # Postfix waits a while before its first look at a queue, and longer after a failure.
    "queue_run_delay": "1s",
    "minimal_backoff_time": "1s",
    "recipient_delimiter": "+",
}

_MASTER = """
127.0.0.1:{smtp} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, kw_only=True)
class MailHost:
    """Where the servers are."""

    folder: Path
    smtp: int
    imap: int
    imaps: int
    lmtp: int

    def messages(self, user: str, *, count: int = 1, within: float = 20, folder: str = "INBOX") -> list[EmailMessage]:
        """Return the mails in a user's folder as soon as there are so many. Fails where they do not come."""
        deadline = time.monotonic() + within
        while len(found := self._read(user, folder)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{user} has {len(found)} mails, not {count}; the log ends so:\n{self.log()}")
            time.sleep(0.05)
        return found

    def _read(self, user: str, folder: str) -> list[EmailMessage]:
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=10) as box:
            box.login(user, PASSWORD)
            if box.select(folder, readonly=True)[0] != "OK":
                return []
            _, found = box.search(None, "ALL")
            raw = [box.fetch(number, "(BODY.PEEK[])")[1][0] for number in found[0].decode().split()]
        return [message_from_bytes(one[1], policy=default) for one in raw if isinstance(one, tuple)]

    def send(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand a mail to Postfix."""
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=10) as server:
            server.sendmail(sender, [recipient], mail)

    def wait_until_sent(self) -> None:
        """Wait until Postfix has nothing left to deliver."""
        deadline = time.monotonic() + 20
        queues = [self.folder / "spool" / name for name in ("incoming", "active", "deferred", "maildrop")]
        while any(path.is_file() for queue in queues for path in queue.rglob("*")):
            if time.monotonic() > deadline:
                raise AssertionError(f"Postfix still has mail to deliver; the log ends so:\n{self.log()}")
            time.sleep(0.05)

    def append(self, user: str, mail: bytes, folder: str = "INBOX") -> None:
        """Put a mail into a user's folder, as another mail program would."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=10) as box:
            box.login(user, PASSWORD)
            box.create(folder)
            # imaplib ends lines as mail does, which a literal must have.
            done, words = box.append(folder, "", "", mail)
            assert done == "OK", words

    def flags(self, user: str) -> list[bytes]:
        """Return the flags of each mail."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=10) as box:
            box.login(user, PASSWORD)
            box.select("INBOX", readonly=True)
            return [line for line in box.fetch("1:*", "(FLAGS)")[1] if isinstance(line, bytes)]

    def empty(self) -> None:
        """Remove every mail and every script."""
        for user in USERS:
            shutil.rmtree(self.folder / "mail" / user, ignore_errors=True)
            for path in (self.folder / "home" / user).iterdir():
                path.unlink() if path.is_file() else shutil.rmtree(path)

    def sieve(self, user: str, script: str) -> None:
        """Let a user's mail be sorted by a script."""
        path = self.folder / "home" / user / "active.sieve"
        path.write_text(script)
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)

    def log(self) -> str:
        """Return the ends of both servers' logs."""
        logs = (self.folder / "dovecot.log", self.folder / "postfix.log")
        return "\n".join(path.read_text()[-3_000:] for path in logs if path.exists())


def missing() -> str | None:
    """Return why no mail host can be started here."""
    if not (shutil.which("dovecot") and shutil.which("postfix")):
        return "no Dovecot and Postfix here: apt install dovecot-imapd dovecot-lmtpd dovecot-sieve postfix"
    return None if os.geteuid() == 0 else "Dovecot and Postfix need root to start"


@contextmanager
def started(folder: Path) -> Iterator[MailHost]:
    """Run both servers while in use."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    ports = dict(zip(("smtp", "imap", "imaps", "lmtp"), _free_ports(4), strict=True))
    host = MailHost(folder=folder, **ports)
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(_end, _dovecot(host))
        _wait_for(host, host.imap, host.lmtp)
        stack.callback(_end, _postfix(host))
        # Its master leaves our session, and is told by its own word.
        stack.callback(_stop_postfix, folder)
        _wait_for(host, host.smtp)
        yield host


def _dovecot(host: MailHost) -> subprocess.Popen[bytes]:
    folder, nobody = host.folder, pwd.getpwnam("nobody")
    for name in ("mail", "home", *(f"home/{user}" for user in USERS)):
        (folder / name).mkdir()
        os.chown(folder / name, nobody.pw_uid, nobody.pw_gid)
    (folder / "users").write_text("".join(f"{user}:{_PASSWORDS.get(user, PASSWORD)}::::::\n" for user in USERS))
    shutil.copy(CERTIFICATE, folder / "certificate.pem")
    (folder / "dovecot.conf").write_text(
        _DOVECOT.format(
            folder=folder,
            certificate=folder / "certificate.pem",
            group=grp.getgrgid(nobody.pw_gid).gr_name,
            smtp=host.smtp,
            imap=host.imap,
            imaps=host.imaps,
            lmtp=host.lmtp,
        )
    )
    return subprocess.Popen(["dovecot", "-F", "-c", folder / "dovecot.conf"], start_new_session=True)


def _postfix(host: MailHost) -> subprocess.Popen[bytes]:
    folder, postfix = host.folder, pwd.getpwnam("postfix")
    (folder / "etc").mkdir()
    (folder / "spool").mkdir()
    (folder / "data").mkdir()
    os.chown(folder / "data", postfix.pw_uid, -1)
    settings = {
        **_POSTFIX,
        "queue_directory": folder / "spool",
        "data_directory": folder / "data",
        "maillog_file": folder / "postfix.log",
        "default_transport": f"lmtp:inet:127.0.0.1:{host.lmtp}",
        "relay_transport": f"lmtp:inet:127.0.0.1:{host.lmtp}",
    }
    (folder / "etc" / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "etc" / "master.cf").write_text(_MASTER.format(smtp=host.smtp))
    return subprocess.Popen(
        ["postfix", "-c", folder / "etc", "start-fg"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _stop_postfix(folder: Path) -> None:
    subprocess.run(["postfix", "-c", folder / "etc", "stop"], capture_output=True, check=False)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server with the parts that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _wait_for(host: MailHost, *ports: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise AssertionError(f"nothing answers on port {port}; the log ends so:\n{host.log()}") from None
                time.sleep(0.05)
