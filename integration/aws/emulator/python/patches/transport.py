"""Every request counts as sent over TLS.

Buckets that refuse anything else (aws:SecureTransport), CDK's own among them, would refuse all that
comes to the loopback interface over HTTP. That the template asks for TLS is a test of the template.
"""

from ministack.core import iam_evaluator

_pin = iam_evaluator.pin_request_origin


def apply():
    iam_evaluator.pin_request_origin = pin_secure_origin


def pin_secure_origin(source_ip, _secure_transport):
    _pin(source_ip, True)
