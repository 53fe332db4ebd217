"""EventBridge Scheduler: a schedule's ARN names its group, which policies are narrowed to."""

from ministack.core import iam_actions

_DEFAULT = ":schedule/default/"


def apply():
    original = iam_actions.extract_resource_arn

    def resource_arn(service, method, path, headers, body, query, region, account_id):
        arn = original(service, method, path, headers, body, query, region, account_id)
        if service != "scheduler" or _DEFAULT not in arn:
            return arn
        group = iam_actions._safe_json_field(body, "GroupName") or query.get("groupName")
        if isinstance(group, list):
            group = group[0]
        return arn.replace(_DEFAULT, f":schedule/{group}/") if group else arn

    iam_actions.extract_resource_arn = resource_arn
