"""`earshot up --demo`, as an operator starts it: an angry post becomes an e-mail, and everything is kept."""

import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from service import database
from tests.places import Mailbox, free_port
from tests.service import programs
from tests.service.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that the database's user can walk into, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="earshot-up-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


class Up:
    """A running `earshot up --demo` and what it said."""

    def __init__(self, settings: dict[str, str], log: Path) -> None:
        self._log = log
        self._begin = log.stat().st_size if log.exists() else 0
        self.address = f"http://127.0.0.1:{settings['EARSHOT_PORT']}"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [programs.PYTHON, "-m", "service.cli", "up", "--demo"],
                env=programs.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._log.read_bytes()[self._begin :].decode()

    async def ready(self) -> None:
        async def said_so() -> bool:
            assert self.process.poll() is None, self.said
            return "Earshot is ready" in self.said and "Stop with Ctrl-C" in self.said

        await until(said_so, within=120, what="the start")

    def stop(self) -> float:
        """Send SIGTERM; return the seconds it took to end well."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        assert code == 0, self.said
        return time.monotonic() - began

    def descendants(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))


async def test_the_demo_tells_of_anger_keeps_everything_and_stops_cleanly(data_dir: Path, tmp_path: Path) -> None:
    mailbox = Mailbox()
    smtp_port = free_port()
    settings = {
        "EARSHOT_DATA_DIR": str(data_dir),
        "EARSHOT_PORT": str(free_port()),
        "EARSHOT_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "EARSHOT_TICK": "0.2",
    }
    up = Up(settings, tmp_path / "up.log")
    try:
        await up.ready()
        key = re.search(r"(earshot_[0-9a-f]+_[0-9a-f]+)", up.said)
        assert key is not None
        headers = {"Authorization": f"Bearer {key[1]}"}
        async with httpx.AsyncClient(base_url=f"{up.address}/api/v1", headers=headers) as api:
            await _posts_arrive(api)
            await _mail_server_is_missed(up.address)
            mailbox.open(smtp_port)

            async def mail_came() -> bool:
                return bool(mailbox.mails)

            await until(mail_came, within=90, what="an e-mail about an angry post")
            await _worker_is_started_again(up, api)
            await _postgres_is_started_again(up, api, data_dir)
            incident = await _first_incident(api)
            acknowledged = await api.post(f"/incidents/{incident}/ack")
            assert acknowledged.status_code == 200
            assert acknowledged.json()["status"] == "acknowledged"
            mentions = len((await api.get("/mentions", params={"limit": 200})).json()["items"])
        await _link_signs_in_once(up)
        left = up.descendants()
        assert up.stop() <= 15
        assert [process.pid for process in left if process.is_running() and process.status() != "zombie"] == []

        up = Up(settings, tmp_path / "up.log")
        began = time.monotonic()
        await up.ready()
        assert time.monotonic() - began < 30
        assert "Admin API key" not in up.said
        async with httpx.AsyncClient(base_url=f"{up.address}/api/v1", headers=headers) as api:
            assert len((await api.get("/mentions", params={"limit": 200})).json()["items"]) >= mentions
            assert (await api.get(f"/incidents/{incident}")).json()["status"] == "acknowledged"
        assert up.stop() <= 15
    finally:
        if up.process.poll() is None:
            up.stop()
        mailbox.close()


async def _posts_arrive(api: httpx.AsyncClient) -> None:
    """Posts come by fetching the local feeds, and are judged."""

    async def judged() -> bool:
        items = (await api.get("/mentions", params={"limit": 200})).json()["items"]
        return sum(item["analysis"] is not None for item in items) >= 30

    await until(judged, within=60, what="the demo's history")
    sources = (await api.get("/sources")).json()["items"]
    assert len(sources) == 3
    assert all(source["last_success_at"] for source in sources)


async def _mail_server_is_missed(address: str) -> None:
    """A mail server that is away keeps nothing from running, and is shown."""
    async with httpx.AsyncClient() as client:

        async def warned() -> bool:
            answer = await client.get(f"{address}/readyz")
            checks = {check["name"]: check["result"] for check in answer.json()["checks"]}
            return answer.status_code == 200 and checks.get("smtp") == "warn"

        await until(warned, what="the warning about the mail server")


async def _worker_is_started_again(up: Up, api: httpx.AsyncClient) -> None:
    """kill -9 of the worker: another takes its place, and goes on."""
    (worker,) = [process for process in up.descendants() if "work" in process.cmdline()]
    worker.kill()

    async def another() -> bool:
        return any("work" in process.cmdline() for process in up.descendants() if process.pid != worker.pid)

    await until(another, what="another worker")
    assert (await api.get("/mentions")).status_code == 200


async def _postgres_is_started_again(up: Up, api: httpx.AsyncClient, data_dir: Path) -> None:
    """kill -9 of Postgres: it comes back by itself, and so does everything that needs it."""
    pid = database.running_pid(database.server_folder(data_dir))
    assert pid is not None
    psutil.Process(pid).kill()

    async def back() -> bool:
        answers = [await api.get("/mentions"), await api.get(f"{up.address}/readyz")]
        return all(answer.status_code == 200 for answer in answers)

    await until(back, within=60, what="Postgres' return")


async def _first_incident(api: httpx.AsyncClient) -> int:
    items = (await api.get("/incidents")).json()["items"]
    return int(items[-1]["id"])


async def _link_signs_in_once(up: Up) -> None:
    link = re.search(r"http://\S+/sign-in\?token=(\S+)", up.said)
    assert link is not None
    async with httpx.AsyncClient(base_url=up.address) as browser:
        assert (await _press_sign_in(browser, link[1])).status_code == 303
        assert (await browser.get("/")).status_code == 200
    async with httpx.AsyncClient(base_url=up.address) as another:
        assert (await _press_sign_in(another, link[1])).status_code == 403


async def _press_sign_in(browser: httpx.AsyncClient, token: str) -> httpx.Response:
    """Open the link and press its button: send the form it shows."""
    page = await browser.get(f"/sign-in?token={token}")
    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return await browser.post("/sign-in", data={"token": token, **fields})


async def test_kill_9_of_the_whole_program_leaves_no_children_and_loses_nothing(data_dir: Path, tmp_path: Path) -> None:
    settings = {"EARSHOT_DATA_DIR": str(data_dir), "EARSHOT_PORT": str(free_port())}
    up = Up(settings, tmp_path / "up.log")
    await up.ready()
    ours = [process for process in up.descendants() if "service.cli" in process.cmdline()]
    up.process.kill()
    up.process.wait()

    async def gone() -> bool:
        return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in ours)

    await until(gone, what="the end of the children")
    up = Up(settings, tmp_path / "up.log")
    await up.ready()
    assert up.stop() <= 15
