"""nodejs* functions run on the Lambda Runtime API, as on AWS, and are frozen between invocations.

MiniStack's own Node worker speaks a private protocol over standard input and reports every error
of a handler as Runtime.HandlerError, so that Retry and Catch by name cannot match. Its worker for
provided.* runtimes speaks the Runtime API; here it serves nodejs* as well, with runtime-client.ts
as the bootstrap.
"""

import json
import os
import signal
import threading

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from . import settings

# Lambda's quota for a synchronous answer, and what it says above it.
MAX_RESPONSE_BYTES = 6_291_556
RESPONSE_TOO_LARGE = {
    "errorType": "Function.ResponseSizeTooLarge",
    "errorMessage": f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
}
# What a function sees of the machine's environment; on AWS it sees none of it.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
HEAP_SHARE_OF_MEMORY = 0.9
MIN_HEAP_MB = 64

_write_lock = threading.Lock()
_original = {
    "code_dir": lambda_svc._provided_runtime_code_dir,
    "worker_env": lambda_svc._provided_worker_env,
    "worker_class": lambda_runtime._worker_class_for,
    "execute_warm": lambda_svc._execute_function_warm,
}


def is_node(config):
    return str(config.get("Runtime", "")).startswith("nodejs")


def apply():
    lambda_svc._provided_runtime_code_dir = code_dir_with_bootstrap
    lambda_svc._provided_worker_env = worker_env
    lambda_svc._execute_function_warm = execute_warm
    lambda_runtime._worker_class_for = worker_class
    lambda_runtime._signal = kill


def worker_class(config):
    return NodeWorker if is_node(config) else _original["worker_class"](config)


def kill(process):
    """An environment ends at once, as on AWS; a frozen one would not hear anything gentler."""
    if process is not None and process.poll() is None:
        process.kill()


def code_dir_with_bootstrap(code_zip):
    directory = _original["code_dir"](code_zip)
    bootstrap = os.path.join(directory, "bootstrap")
    # The package's lock: a fork while a file is open for writing would keep it busy.
    with _write_lock, lambda_svc._provided_code_lock:
        if not os.path.exists(bootstrap):
            with open(bootstrap, "w", encoding="utf-8") as file:
                file.write(f'#!/bin/sh\nexec "{settings.NODE_BINARY}" "{settings.RUNTIME_CLIENT}"\n')
            os.chmod(bootstrap, 0o755)
    return directory


def worker_env(config, code_dir, port):
    full = _original["worker_env"](config, code_dir, port)
    declared = (config.get("Environment") or {}).get("Variables") or {}
    memory_mb = int(config.get("MemorySize", 128))
    env = {
        name: value
        for name, value in full.items()
        if name in INHERITED or name in declared or name.startswith(("AWS_", "_", "LAMBDA_"))
    }
    env["_INVOCATION_RECORDS"] = settings.INVOCATION_RECORDS
    env.setdefault("AWS_EXECUTION_ENV", "AWS_Lambda_" + str(config.get("Runtime")))
    log_group = (config.get("LoggingConfig") or {}).get("LogGroup")
    if log_group:
        env["AWS_LAMBDA_LOG_GROUP_NAME"] = log_group
    heap_mb = max(MIN_HEAP_MB, int(memory_mb * HEAP_SHARE_OF_MEMORY))
    env.setdefault("NODE_OPTIONS", f"--max-old-space-size={heap_mb}")
    return env


def execute_warm(func, event, request_id):
    config = func.get("config") or func
    if not is_node(config):
        return _original["execute_warm"](func, event, request_id)
    result = lambda_svc._execute_function_provided_warm(func, event, request_id)
    if result.get("error") or result.get("body") is None:
        return result
    if len(json.dumps(result["body"], ensure_ascii=False).encode()) > MAX_RESPONSE_BYTES:
        return {"body": RESPONSE_TOO_LARGE, "error": True, "log": result.get("log", "")}
    return result


class NodeWorker(lambda_runtime.ProvidedWorker):
    """One execution environment: a process that is stopped while no invocation runs in it."""

    def invoke(self, event, request_id, *, trace_id=None, invoked_function_arn=None, **_unused):
        self._signal_process(signal.SIGCONT)
        try:
            return super().invoke(
                event, request_id, trace_id=trace_id, invoked_function_arn=invoked_function_arn
            )
        finally:
            self._signal_process(signal.SIGSTOP)

    def _signal_process(self, number):
        process = self._proc
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def _teardown(self):
        # Torn down with a request in flight and the process alive: it has run into its timeout.
        process = self._proc
        in_flight = self._current_request_id is not None
        if settings.TIMED_OUT_SURVIVE and in_flight and process is not None and process.poll() is None:
            _survivors.append(process)
            self._proc = None
        super()._teardown()

    def _drain_stderr_bounded(self, first_line_wait=0.002, idle_confirm=0.001, hard_cap=0.05):
        # Waiting 50 ms for a line of log that a function does not print doubles each call's time.
        quick = min(first_line_wait, 0.002) if first_line_wait < 0.1 else first_line_wait
        return super()._drain_stderr_bounded(quick, idle_confirm, hard_cap)

    def _build_handler_class(self, generation, pending):
        handler = super()._build_handler_class(generation, pending)
        # Headers and body are two writes: without this the second waits for a delayed ACK, 40 ms.
        handler.disable_nagle_algorithm = True
        return handler


# Kept so that they are not reaped as garbage; they end with the process group.
_survivors = []
