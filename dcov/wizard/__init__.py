"""The questions that make a site's configuration."""

from __future__ import annotations

from dcov.wizard.site import ask_site

__all__ = ["ask_site"]
