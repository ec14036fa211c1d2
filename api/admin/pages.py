"""The description of the API: `/openapi.json` for programs, `/docs` for people."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api.context import context_of
from api.openapi import document
from api.operation import Operation

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
section { margin: 1.2rem 0; }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f4f4f4; }
pre { padding: .6rem; overflow-x: auto; }
dt { float: left; clear: left; width: 9rem; }
dd { margin: 0 0 .2rem 9.5rem; }
b.method { display: inline-block; min-width: 4rem; }
"""
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


def routes(operations: Sequence[Operation], prefix: str) -> list[Route]:
    def described(request: Request) -> dict[str, Any]:
        server = context_of(request).settings.outside
        return document(operations, prefix=prefix, server=server)

    async def openapi(request: Request) -> Response:
        return JSONResponse(described(request))

    async def docs(request: Request) -> Response:
        return HTMLResponse(_page(described(request)), headers=_HEADERS)

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


def _page(api: Mapping[str, Any]) -> str:
    title = escape(api["info"]["title"])
    nouns = [tag["name"] for tag in api["tags"]]
    links = " · ".join(f'<a href="#{escape(one)}">{escape(one)}</a>' for one in nouns)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        "<p>Send an API key with every request: <code>Authorization: Bearer …</code>. Programs "
        'read <a href="/openapi.json">/openapi.json</a>.</p>'
        f"<p>{links}</p>{''.join(_noun(one, api) for one in nouns)}</html>"
    )


def _noun(noun: str, api: Mapping[str, Any]) -> str:
    parts = [
        _operation(method, path, one, schemas=api["components"]["schemas"])
        for path, methods in api["paths"].items()
        for method, one in methods.items()
        if noun in one["tags"]
    ]
    return f'<h2 id="{escape(noun)}">{escape(noun)}</h2>{"".join(parts)}'


def _operation(
    method: str, path: str, one: Mapping[str, Any], *, schemas: Mapping[str, Any]
) -> str:
    about = f"<p>{escape(one['description'])}</p>" if "description" in one else ""
    return (
        f'<section><b class="method">{escape(method.upper())}</b> <code>{escape(path)}</code>'
        f"<p>{escape(one['summary'])}</p>{about}{_parameters(one)}{_body(one, schemas)}</section>"
    )


def _parameters(one: Mapping[str, Any]) -> str:
    asked = [part for part in one["parameters"] if part["in"] == "query"]
    rows = "".join(
        f"<dt><code>{escape(part['name'])}</code></dt><dd>{escape(part['description'])}&nbsp;</dd>"
        for part in asked
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _body(one: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The fields of the body, each with its type."""
    if "requestBody" not in one:
        return ""
    (content,) = one["requestBody"]["content"].values()
    schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    rows = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(_type(part))}"
        f"{', required' if name in required else ''} {escape(part.get('description', ''))}</dd>"
        for name, part in schema.get("properties", {}).items()
    )
    return f"<p>Body:</p><dl>{rows}</dl>"


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("type", "any"))
