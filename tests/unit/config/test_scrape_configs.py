"""The names of jobs that the user's own must not have."""

from __future__ import annotations

from dcov.config.scrape_configs import OWN_JOBS
from dcov.exporters.catalogue import CATALOGUE
from dcov.stack.prometheus import PLACES

FILES = "dcov"  # the job in prometheus.yml that reads the files of targets
TO_COME = {"dcgm", "ipmi", "dc-overview"}  # kinds of exporters that dcov names, and not yet scrapes


def test_the_reserved_names_are_those_of_dcovs_own_jobs() -> None:
    """A job of the same name would mix its targets with dcov's in every rule and dashboard."""
    made = {job for job, *_ in PLACES.values()} | {item.job for item in CATALOGUE}
    assert made | {FILES} | TO_COME == OWN_JOBS
    assert not made & TO_COME
