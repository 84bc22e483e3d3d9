"""An answer that is a refusal, in the form that Grafana gives it."""

from __future__ import annotations

from typing import Any


class Refused(Exception):  # noqa: N818  # an answer
    """A status with a body whose `message` says why."""

    def __init__(self, status: int, message: str, /, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, **more}


def unauthorized(message_id: str) -> Refused:
    return Refused(
        401, "Unauthorized", messageId=message_id, statusCode=401, traceID="", extra=None
    )


def denied(permission: str) -> Refused:
    message = (
        "You'll need additional permissions to perform this action. "
        f"Permissions needed: {permission}"
    )
    return Refused(403, message, title="Access denied", accessErrorId="ACE0000000000")
