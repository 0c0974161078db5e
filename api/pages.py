"""Pages for people: rendered from templates/, with nothing loaded from elsewhere."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from mail import page_language

# A token in the address is a secret: it must not reach a cache, a frame or another site's log.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

_TEMPLATES = jinja2.Environment(
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
)


def in_words(
    template: str,
    request: Request,
    *,
    language: str = "",
    status: int = 200,
    more: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Render a page that people come to from a mail, in the mail's `language` or in one that they ask for."""
    # A failure before the application is reached is answered as well.
    here = getattr(getattr(request.scope.get("app"), "state", None), "context", None)
    folder = here.settings.page_words if here else ""
    words = page_language.chosen(language, request.headers.get("accept-language", ""), folder)
    return respond(
        template,
        status=status,
        more={"Content-Language": words.language, **(more or {})},
        words=words,
        **values,
    )


def respond(
    template: str, *, status: int = 200, more: Mapping[str, str] | None = None, **values: object
) -> HTMLResponse:
    """Render a template with `values`; `more` are further headers."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(
        _TEMPLATES.get_template(template).render(nonce=nonce, **values),
        status_code=status,
        headers={**HEADERS, "Content-Security-Policy": policy, **(more or {})},
    )
