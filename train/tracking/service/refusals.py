"""Requests that are refused, answered as MLflow's scoring server does: a code and a message."""

from __future__ import annotations

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    413: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
}


class Refusal(HTTPException):
    """A request that gets no records; `detail` says why."""


def refuse(err: HTTPException) -> Response:
    """Return the answer to a request that is refused."""
    code = _CODES.get(err.status_code, "BAD_REQUEST")
    return Response(
        orjson.dumps({"error_code": code, "message": err.detail}),
        err.status_code,
        headers=err.headers,
        media_type="application/json",
    )
