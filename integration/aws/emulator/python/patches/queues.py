"""SQS: a call for several messages needs the permission for one; AWS knows no action of its own."""

from ministack.core import iam_actions

_BATCH = "Batch"
_original = iam_actions.extract_iam_action


def apply():
    iam_actions.extract_iam_action = iam_action


def iam_action(service, *request):
    action = _original(service, *request)
    if service == "sqs" and action is not None:
        return action.removesuffix(_BATCH)
    return action
