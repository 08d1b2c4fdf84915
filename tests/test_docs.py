"""What there is, is documented: every setting, command, option and public address stands in the help center."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from bot.cli import app as commands
from evals.commands import add
from help_center.settings import Settings
from help_center.sources import open_source
from help_center.sources.base import Failure

ROOT = Path(__file__).parent.parent
DOCS = "\n".join(
    file.read_text("utf-8") for file in sorted((ROOT / "docs").rglob("*.md")) if file.name != "log.md"
)
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert f"PARLEY_{name.upper()}" in DOCS


def test_every_setting_that_the_docs_name_exists() -> None:
    named = set(re.findall(r"\bPARLEY_[A-Z_]+[A-Z]\b", DOCS + README)) - {"PARLEY_MAXWRONG"}
    assert {
        name for name in named if name.removeprefix("PARLEY_").lower() not in Settings.model_fields
    } == set()


def test_every_command_and_option_is_documented() -> None:
    add(commands)
    group = typer.main.get_command(commands)
    missing = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        subcommands = getattr(command, "commands", None) or {"": command}
        for sub, one in subcommands.items():
            full = f"parley {name} {sub}".strip()
            if full not in DOCS:
                missing.append(full)
            missing += [
                f"{full} {o}"
                for p in one.params
                for o in p.opts
                if o.startswith("--") and o != "--help" and o not in DOCS
            ]
    assert missing == []


def test_every_public_address_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.app import create_app
    from bot.house import House

    house = House(Settings(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]
    try:
        paths = create_app(house).openapi()["paths"]
    finally:
        house.close()
    normal = [re.sub(r"\{[^}]*\}|\b(?:ID|MESSAGE_ID)\b", "{}", text) for text in (DOCS, *paths)]
    missing = [path for path, bare in zip(paths, normal[1:], strict=True) if bare not in normal[0]]
    assert [path for path in missing if not path.startswith(("/help", "/widget"))] == []


def test_the_shipped_help_center_can_be_read_whole() -> None:
    found = list(open_source(str(ROOT / "docs")).read())
    assert [one for one in found if isinstance(one, Failure)] == []
    assert len(found) >= 25


def test_nothing_of_a_machine_is_in_the_docs() -> None:
    assert re.findall(r"/(?:root|home|opt|work)/\w+", DOCS + README) == []
