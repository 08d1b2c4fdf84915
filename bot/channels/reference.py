"""The page `/docs`: the HTTP interface as its OpenAPI schema tells it. Nothing is loaded from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from help_center.templating import Pages

TEMPLATES = Path(__file__).parent.parent / "templates"


def routes(app: FastAPI, pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.get("/docs", include_in_schema=False)
    def page() -> HTMLResponse:
        schema = app.openapi()
        groups: dict[str, list[dict[str, Any]]] = {}
        for path, methods in schema["paths"].items():
            for method, told in methods.items():
                group = (told.get("tags") or ["agents, search and articles"])[0]
                groups.setdefault(group, []).append(_operation(schema, path, method, told))
        return pages.page("api.html", schema=schema, groups=list(groups.items()))

    return router


def _operation(schema: dict[str, Any], path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _resolved(schema, content.get("schema", {}))
    return {
        "path": path,
        "method": method.upper(),
        "summary": told.get("summary", ""),
        "description": told.get("description", ""),
        "parameters": told.get("parameters", []),
        "body": json.dumps(body, indent=2, ensure_ascii=False) if body else "",
        "responses": sorted(told["responses"].keys() - {"default"}),
    }


def _resolved(schema: dict[str, Any], part: Any) -> Any:
    """A schema with what it refers to in its place."""
    if isinstance(part, list):
        return [_resolved(schema, one) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(schema, schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[-1]])
    return {
        key: _resolved(schema, value)
        for key, value in part.items()
        if key != "title" or not isinstance(value, str)
    }
