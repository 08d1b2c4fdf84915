"""Settings: from the environment and `.env`, defaults for what is empty, and a clear word about what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from help_center.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_no_setting_at_all() -> None:
    settings = load_settings()
    assert settings.data_dir == Path("var")
    assert settings.sqlalchemy_url == "sqlite:///var/parley.db"
    assert (settings.chroma_url, settings.redis_url, settings.embedding_model) == (None, None, None)
    assert (settings.llm, settings.max_wrong, settings.rate_limit) == ("extractive", 0.1, "30/minute")


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PARLEY_MAX_WRONG=0.2\nPARLEY_RATE_LIMIT=5/second\nDATABASE_PASSWORD=x\n")
    monkeypatch.setenv("PARLEY_MAX_WRONG", "0.3")
    settings = load_settings()
    assert (settings.max_wrong, settings.rate_limit) == (0.3, "5/second")
    assert load_settings(max_wrong=0.4).max_wrong == 0.4


def test_what_the_env_file_says_beside_them_is_for_the_packages_that_look_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ELSEWHERE_KEY"):
        monkeypatch.setenv(name, "from the environment")  # so that it is put back afterwards
        if name != "OPENAI_BASE_URL":
            monkeypatch.delenv(name)
    Path(".env").write_text("OPENAI_API_KEY=a key\nOPENAI_BASE_URL=http://file.example\nELSEWHERE_KEY\n")
    load_settings()
    assert os.environ["OPENAI_API_KEY"] == "a key"
    assert os.environ["OPENAI_BASE_URL"] == "from the environment"
    assert "ELSEWHERE_KEY" not in os.environ


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_an_unknown_setting_stops_the_start(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if where == ".env":
        Path(".env").write_text("PARLEY_REDIS=redis://localhost\n")
    else:
        monkeypatch.setenv("PARLEY_REDIS", "redis://localhost")
    with pytest.raises(
        SettingsError, match=r"unknown setting PARLEY_REDIS: the settings are .*PARLEY_REDIS_URL"
    ) as refused:
        load_settings()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_value_is_the_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    default = getattr(load_settings(), name)
    monkeypatch.setenv(f"PARLEY_{name.upper()}", " ")
    assert getattr(load_settings(), name) == default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/parley"),
        ("DATABASE_URL", "postgresql://host:port/parley"),
        ("CHROMA_URL", "localhost:8000"),
        ("CHROMA_URL", "http://:8000"),
        ("CHROMA_URL", "http://host:port"),
        ("REDIS_URL", "http://localhost:6379"),
        ("MAX_WRONG", "-0.1"),
        ("MAX_WRONG", "1.01"),
        ("MAX_WRONG", "0"),
        ("MAX_WRONG", "1"),
        ("MAX_WRONG", "nan"),
        ("MAX_WRONG", "a few"),
        ("LLM", "gpt-5-mini"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "secretsecretsecret"),
        ("RATE_LIMIT", "0/minute"),
        ("RATE_LIMIT", "many"),
        ("ALLOWED_ORIGINS", "shop.example"),
        ("ALLOWED_ORIGINS", "https://shop.example/path"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, the-proxy"),
        ("PUBLIC_URL", "help.example.org"),
        ("PUBLIC_URL", "https://help.example.org/parley"),
        ("PUBLIC_URL", "https://help.example.org?a=1"),
        ("SMTP_URL", "mail.example.org:587"),
        ("SMTP_URL", "smtp://mail.example.org:port"),
        ("MAIL_FROM", "Support"),
        ("MAIL_FROM", "Support <support@>"),
        ("LOCAL_WEBHOOKS", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PARLEY_{name}", value)
    with pytest.raises(SettingsError, match=f"^PARLEY_{name} cannot be used: ") as refused:
        load_settings()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", ["0", "1", "abc"])
def test_a_share_that_cannot_be_used_is_refused_in_plain_words(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_MAX_WRONG", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == (
        "PARLEY_MAX_WRONG cannot be used: give the share of answers that may be wrong, more than 0 and less than 1, "
        "such as 0.1."
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_every_way_to_write_postgresql_uses_the_driver_that_is_installed(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_DATABASE_URL", f"{scheme}://me:secret@db:5432/parley")
    assert load_settings().sqlalchemy_url == "postgresql+psycopg://me:secret@db:5432/parley"


def test_lists_are_separated_by_commas_or_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_ALLOWED_ORIGINS", "https://shop.example/, http://localhost:3000")
    monkeypatch.setenv("PARLEY_TRUSTED_PROXIES", "10.0.0.0/8 ::1")
    settings = load_settings()
    assert settings.origin_list == ("https://shop.example", "http://localhost:3000")
    assert settings.proxy_list == ("10.0.0.0/8", "::1")


def test_a_data_dir_may_be_in_ones_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PARLEY_DATA_DIR", "~/parley")
    assert load_settings().data_dir == tmp_path / "parley"


def test_an_env_file_that_is_no_text_is_refused() -> None:
    Path(".env").write_bytes(b"PARLEY_LLM=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"^.env cannot be read"):
        load_settings()


def test_with_a_mail_server_its_user_writes_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SMTP_URL", "smtp://support%40example.org:word@mail.example.org")
    assert load_settings().mail_from == "support@example.org"
    monkeypatch.setenv("PARLEY_MAIL_FROM", "Bike Shop <help@example.org>")
    assert load_settings().mail_from == "Bike Shop <help@example.org>"


def test_a_mail_server_without_anybody_who_writes_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SMTP_URL", "smtp://mail.example.org")
    with pytest.raises(SettingsError, match=r"^PARLEY_MAIL_FROM cannot be used: with PARLEY_SMTP_URL"):
        load_settings()


def test_the_public_address_is_kept_without_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_PUBLIC_URL", "https://help.example.org:8443/")
    assert load_settings().public_url == "https://help.example.org:8443"
