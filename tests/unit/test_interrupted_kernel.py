"""Interrupting a notebook's kernel is what Ctrl-C is in a terminal: a real kernel, real servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from loopback_site import loopback_site

SETUP = """
import sys
from dcov import Fleet
fleet = Fleet.load().where("gpu-*")
"""
STATUSES = 'print(*(f"{o.server} {o.status}" for o in sys.last_value.report.outcomes), sep="\\n")'


class Kernel:
    """A kernel and its client, as a notebook has them."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str) -> tuple[dict[str, Any], str]:
        """Run a cell; give the kernel's reply and what the cell printed."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, timeout=60, output_hook=hear)
        return reply["content"], "".join(said)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    with loopback_site(tmp_path) as config:
        monkeypatch.setenv("DCOV_CONFIG", str(config))
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def test_an_interrupted_cell_ends_its_commands_and_the_kernel_lives(
    kernel: Kernel, tmp_path: Path
) -> None:
    """Within 5 s each server is reported as cancelled; the next cell can use the same fleet."""
    marks = tmp_path / "marks"
    assert kernel.run(SETUP)[0]["status"] == "ok"
    asked = kernel.client.execute(f'fleet.sh("echo x >>{marks}; sleep 60")')
    until = time.monotonic() + 60
    while not marks.exists() or len(marks.read_text().split()) < 2:
        assert time.monotonic() < until, "the commands have not begun"
        time.sleep(0.05)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)
    assert time.monotonic() - began < 5
    assert reply["parent_header"]["msg_id"] == asked
    content = reply["content"]
    assert (content["status"], content["ename"]) == ("error", "RunInterrupted")
    assert content["evalue"] == "sh: 2 cancelled"
    assert kernel.run(STATUSES)[1] == "gpu-01 cancelled\ngpu-02 cancelled\n"
    assert kernel.manager.is_alive()
    assert kernel.run('print(fleet.sh("true").summary)')[1] == "2 ok\n"
