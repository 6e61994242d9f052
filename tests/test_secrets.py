"""Passwords are masked, wherever they stand."""

from __future__ import annotations

import pytest

from trip_duration.secrets import masked_uri, without_password


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at postgresql+psycopg2://trip:pa55@db:5432/x", "at postgresql+psycopg2://***@db:5432/x"),
        ("https://token@host/path", "https://***@host/path"),
        ("postgresql://trip:p@ss:w@db/x", "postgresql://***@db/x"),
        ("postgresql://u:pa/ss@h/db", "postgresql://***@h/db"),
        (
            "no postgresql://h/db?user=u&password=secret&a=b here",
            "no postgresql://h/db?user=u&password=***&a=b here",
        ),
        ("(host=h password='a b' port=1)", "(host=h password=*** port=1)"),
        ("{'sslpassword': 'x', 'port': 1}", "{'sslpassword': ***, 'port': 1}"),
        ("https://host/a and me@example.org", "https://host/a and me@example.org"),
    ],
)
def test_a_text_loses_its_passwords(text: str, expected: str) -> None:
    assert without_password(text) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("postgresql://u:pa/ss@h/db", "postgresql://u:***@h/db"),
        ("postgresql://h/db?user=u&password=secret", "postgresql://h/db?password=***&user=u"),
        (
            "postgresql://u@h/db?sslpassword=a&token=b",
            "postgresql://u@h/db?sslpassword=***&token=***",
        ),
        ("postgresql://trip:p@ss:w@db/x", "postgresql://***@db/x"),
        ("https://u:p@h:5000/a?token=b&c=d", "https://***@h:5000/a?token=***&c=d"),
        ("https://u:pa/ss@h/a", "https://***@h/a"),
        ("postgres://trip:S3cr@t:w/r#d%Q?x@host/db", "postgres://***@host/db"),
        ("postgres://trip:S3cr@tword@host/db", "postgres://***@host/db"),
        ("postgresql://trip:x@host:notaport/db", "postgresql://***@host:notaport/db"),
        ("https://bob:80/w@host/a", "https://***@host/a"),
        ("https://h:5000/a", "https://h:5000/a"),
        ("sqlite:////home/me/mlflow.db", "sqlite:////home/me/mlflow.db"),
        ("mlruns", "mlruns"),
    ],
)
def test_an_address_keeps_all_but_its_passwords(uri: str, expected: str) -> None:
    assert masked_uri(uri) == expected


@pytest.mark.parametrize(
    "uri",
    ["postgresql://u:pa%2Fss@h/db", "postgresql://u:pa/ss@h/db", "pg://h/db?user=u&password=pa/ss"],
)
def test_the_password_in_use_is_masked_wherever_it_stands(uri: str) -> None:
    said = without_password(f"{uri} refused; user u, pa/ss is wrong, pa/ss!", uri)
    assert "ss" not in said.replace("password", "")
    assert said.endswith("user u, *** is wrong, ***!")
