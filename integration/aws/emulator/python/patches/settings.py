"""The settings of the patches, read once from the environment and taken out of it."""

import os


def _take(name, otherwise=""):
    return os.environ.pop(name, otherwise)


# Node 24, and the Lambda bootstrap that it runs (runtime-client.ts, transpiled).
NODE_BINARY = _take("SLUICE_NODE_BINARY", "node")
RUNTIME_CLIENT = _take("SLUICE_RUNTIME_CLIENT")
# The file to which the runtime client appends a record per invocation.
INVOCATION_RECORDS = _take("SLUICE_INVOCATION_RECORDS")
# Where functions and clients reach the emulator: its own address, or that of a proxy before it.
PUBLIC_HOST = _take("SLUICE_PUBLIC_HOST", "127.0.0.1")
PUBLIC_PORT = _take("SLUICE_PUBLIC_PORT", os.environ.get("GATEWAY_PORT", "4566"))
# "1": a function that has run into its timeout is forgotten, not killed.
TIMED_OUT_SURVIVE = _take("SLUICE_TIMED_OUT_SURVIVE") == "1"
