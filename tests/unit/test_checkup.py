"""What a check says of a server that is not as it should be."""

from __future__ import annotations

import pytest

from dcov.access import Checkup
from dcov.access.checkup import ASK
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.testing import ScriptedSession

FACTS = {"arch": "x86_64", "libc": "glibc 2.36", "systemd": "252", "cpus": "8"}
DEVICE = {"gpu_device": "/proc/driver/nvidia/gpus/0"}
GPU = {"gpu": "0, NVIDIA H200, GPU-1, 570.1"}


@pytest.mark.parametrize(
    ("declared", "found", "troubles"),
    [
        (True, DEVICE | GPU, ()),
        (False, DEVICE | GPU, ()),
        (None, {}, ()),
        (None, GPU, ("a GPU that is not declared (`has_gpu: true`), and so not scraped",)),
        (True, {}, ("declared with a GPU and has none",)),
        (True, DEVICE, ("a GPU whose driver does not answer",)),
    ],
)
def test_gpus(declared: bool | None, found: dict[str, str], troubles: tuple[str, ...]) -> None:  # noqa: FBT001  # a parameter of the test
    entry = Entry(name="gpu-01", login=Login(address="192.0.2.1"), has_gpu=declared)
    session = ScriptedSession(facts=FACTS | found, answers={ASK: "0\n1.0\n"})
    checkup = Checkup.of(session.context(site=Site.of(entry)))
    assert tuple(one for one in checkup.troubles if "clock" not in one) == troubles
    assert all(one in str(checkup) for one in troubles)


def test_a_clock_that_is_wrong_and_no_systemd() -> None:
    session = ScriptedSession(
        facts={"arch": "x86_64", "libc": "glibc 2.36"}, answers={ASK: "0\n1\n"}
    )
    troubles = Checkup.of(session.context()).troubles
    assert troubles == ("its clock is wrong, or this machine's", "no systemd")
