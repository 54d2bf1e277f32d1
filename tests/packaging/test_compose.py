"""The compose file: the parts, against a Postgres of their own."""

from typing import Any

import pytest
import yaml

from service.cli.main import COMMANDS
from service.settings import OTHER_NAMES, PREFIX, Settings
from tests.packaging.project import ROOT

_OURS = ("migrate", "serve", "work")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return read


def test_one_image_runs_every_part(compose: dict[str, Any]) -> None:
    parts = [compose["services"][name] for name in _OURS]

    assert {(part["build"], part["image"]) for part in parts} == {(".", "earshot")}
    assert [part["command"] for part in parts] == [["migrate"], ["serve"], ["work"]]
    assert {part["command"][0] for part in parts} <= COMMANDS.keys()


def test_nothing_starts_before_the_schema_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    for name in ("serve", "work"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["restart"] == "unless-stopped"


def test_secrets_are_files_that_are_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service["secrets"]) <= compose["secrets"].keys()
        for name, value in service["environment"].items():
            if "PASSWORD" in name or name.startswith(("EARSHOT_DATABASE", "EARSHOT_SMTP")):
                assert name.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_settings_are_ones_the_program_knows(compose: dict[str, Any]) -> None:
    for part in _OURS:
        for name in compose["services"][part]["environment"]:
            field = name.removeprefix(PREFIX).lower().removesuffix("_file")
            assert name.startswith(PREFIX)
            assert field in Settings.model_fields
            assert name not in OTHER_NAMES


def test_the_dashboard_is_open_to_this_machine_alone_unless_told(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert published == {"serve": ["${EARSHOT_PUBLISH:-127.0.0.1:8000}:8000"]}


def test_every_part_that_stays_has_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    assert services["work"]["healthcheck"]["test"] == ["CMD", "earshot", "health", "work"]
    assert "healthcheck" not in services["serve"]  # the image's own


def test_the_parts_hold_no_more_rights_than_they_need(compose: dict[str, Any]) -> None:
    for name in _OURS:
        part = compose["services"][name]
        assert part["read_only"] is True
        assert part["cap_drop"] == ["ALL"]
        assert part["security_opt"] == ["no-new-privileges:true"]


def test_every_volume_is_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert {mount.split(":")[0] for mount in service.get("volumes", [])} <= compose["volumes"].keys()


def test_the_worker_has_time_to_end_what_runs(compose: dict[str, Any]) -> None:
    assert {compose["services"][name]["stop_grace_period"] for name in _OURS} == {"20s"}
