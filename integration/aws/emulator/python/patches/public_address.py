"""Functions and queue URLs name the public address, so that a proxy before the emulator sees all.

The SDK sends SQS calls to the host of the QueueUrl, whatever its endpoint is.
"""

import os

from ministack.services import sqs

from . import settings


def apply():
    # MiniStack gives this to the functions.
    os.environ["AWS_ENDPOINT_URL"] = f"http://{settings.PUBLIC_HOST}:{settings.PUBLIC_PORT}"
    sqs.DEFAULT_HOST = settings.PUBLIC_HOST
    sqs.DEFAULT_PORT = settings.PUBLIC_PORT
