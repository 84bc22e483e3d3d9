"""Container images of the site's own, by the component that they are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from dcov.config.fields import Text, fault, frozen
from dcov.config.reading import nearest

COMPONENTS = (
    "prometheus",
    "grafana",
    "cryptolabs-proxy",
    "ipmi-monitor",
    "vastai-exporter",
    "runpod-exporter",
    "dc-overview",
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_/-]*(@sha256:[0-9a-f]{64})?")


def component(value: str) -> str:
    """Accept the name of a component that runs on the master."""
    if value not in COMPONENTS:
        raise fault(f"no component is called so; {nearest(value, among=COMPONENTS)}")
    return value


def image(value: str) -> str:
    """Accept what an engine can pull or has: a name, with a tag or a digest."""
    if "://" in value or not NAME.fullmatch(value):
        raise fault(f"{value!r} is no image: write NAME:TAG or NAME@sha256:DIGEST, without a URL")
    return value


Component = Annotated[Text, AfterValidator(component)]
Image = Annotated[Text, AfterValidator(image)]
Images = Annotated[Mapping[Component, Image], AfterValidator(frozen)]
