"""EventBridge: a rule on the default bus is `rule/<name>`, also where a call names it as `Rule`; the
condition `events:TargetArn` is what a call puts behind a rule."""

import contextvars
import json

from ministack.core import iam_actions, iam_evaluator

_targets = contextvars.ContextVar("targets", default=None)


def _target_arns(body):
    try:
        found = json.loads(body or b"{}").get("Targets") or []
        return [target.get("Arn", "") for target in found]
    except (ValueError, AttributeError):
        return []


def apply():
    extract = iam_actions.extract_resource_arn
    resolve = iam_evaluator._resolve_condition_key

    def resource_arn(service, method, path, headers, body, query, region, account_id):
        arn = extract(service, method, path, headers, body, query, region, account_id)
        _targets.set(None)
        if service != "events":
            return arn
        _targets.set(_target_arns(body) or None)
        field = iam_actions._safe_json_field
        name = field(body, "Rule") or (field(body, "Name") if ":rule/" in arn else "")
        if not name or (field(body, "EventBusName") or "default") != "default":
            return arn
        return f"arn:aws:events:{region}:{account_id}:rule/{name}"

    def condition_key(key, ctx):
        return _targets.get() if key.lower() == "events:targetarn" else resolve(key, ctx)

    iam_actions.extract_resource_arn = resource_arn
    iam_evaluator._resolve_condition_key = condition_key
