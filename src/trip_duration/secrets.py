"""Passwords in addresses, which neither a run, a log nor a message may hold."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus, urlsplit

MASK = "***"
_USERINFO = re.compile(r"(?<=://)\S*@")
_NAMES = r"(?:password|passwd|passphrase|pwd|secret|token|api_?key|access_?key)"
_PAIR = re.compile(
    rf"""(?<![\w-])([\w-]*{_NAMES}[\w-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&]+)""", re.IGNORECASE
)


def without_password(text: str, uri: str | None = None) -> str:
    """Return a text without the passwords in it; what looks like one is masked too.

    Args:
        text: Any text, such as the message of an error.
        uri: An address in use. It is masked wherever it occurs, and so is its password alone,
            which may have characters that no pattern expects.
    """
    if uri:
        text = text.replace(uri, masked_uri(uri))
        for secret in sorted(_secrets(uri), key=len, reverse=True):
            text = text.replace(secret, MASK)
    return _PAIR.sub(rf"\1{MASK}", _USERINFO.sub(f"{MASK}@", text))


def masked_uri(uri: str) -> str:
    """Return the address of a database or a server, still usable but for its passwords."""
    if "://" not in uri:
        return uri
    try:
        shown = _masked_address(uri) if uri.startswith("http") else _masked_database(uri)
    except ValueError:
        return without_password(uri)
    return _PAIR.sub(rf"\1{MASK}", shown)


def _masked_address(uri: str) -> str:
    parts = urlsplit(uri)
    parts.port  # noqa: B018 - a slash in a password makes it no number, which is refused
    if "@" in uri.partition("://")[2].removeprefix(parts.netloc):
        raise ValueError(uri)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{MASK}{at}{host}" if user else host).geturl()


def _masked_database(uri: str) -> str:
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - for databases alone
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    if uri.count("@") > 1:
        # SQLAlchemy takes what is behind the first for the host
        raise ValueError(uri)
    try:
        return make_url(uri).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise ValueError(uri) from error


def _secrets(uri: str) -> set[str]:
    """Return the passwords of an address, as written and as meant."""
    userinfo = uri.partition("://")[2].rpartition("@")[0]
    written = {userinfo.partition(":")[2], *(pair[1] for pair in _PAIR.findall(uri))}
    forms = (str, unquote, unquote_plus)
    return {form(secret) for secret in written for form in forms} - {""}
