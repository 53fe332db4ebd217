"""Payload 2.0 of HTTP APIs: cookies are a list of their own, and no header."""

from ministack.services import lambda_svc

_execute = lambda_svc._execute_function


def apply():
    lambda_svc._execute_function = execute_function


def execute_function(func, event):
    if is_http_event(event) and "cookie" in (event.get("headers") or {}):
        headers = dict(event["headers"])
        cookies = [part.strip() for part in headers.pop("cookie").split(";") if part.strip()]
        event = {**event, "headers": headers, "cookies": cookies}
    return _execute(func, event)


def is_http_event(event):
    return isinstance(event, dict) and event.get("version") == "2.0" and "requestContext" in event
