"""Starts the pinned MiniStack with Sluice's patches, and ends with the process that started it.

Owns: the order of things. The settings come from the environment that ../emulator.ts builds:
MiniStack's own (GATEWAY_PORT, BIND_HOST, AUTH, ...) and those read in patches/settings.py.
The parent keeps standard input open; when it dies, however it dies, the pipe closes and this
process takes its functions with it. Nothing in the package is edited: it is patched in memory.
"""

import importlib.metadata
import os
import signal
import sys
import threading

PINNED_VERSION = "1.5.33"


def require_pinned_version():
    found = importlib.metadata.version("ministack")
    if found != PINNED_VERSION:
        sys.exit(f"ministack {found} is installed, but the patches are written for {PINNED_VERSION}")


def end_with_parent():
    def wait():
        while os.read(0, 4096):
            pass
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()


def apply_patches():
    from patches import cloudformation, events, http_api, node_functions, public_address
    from patches import queues, scheduler, step_functions, transport

    public_address.apply()
    transport.apply()
    node_functions.apply()
    step_functions.apply()
    cloudformation.apply()
    http_api.apply()
    queues.apply()
    scheduler.apply()
    events.apply()


if __name__ == "__main__":
    require_pinned_version()
    end_with_parent()
    apply_patches()
    from ministack.app import main

    sys.exit(main())
