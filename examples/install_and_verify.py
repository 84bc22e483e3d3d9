"""Install exporters with care: look at the plan, go in batches, do again what failed.

    python examples/install_and_verify.py [fleet-config.yaml]

Without a path the configuration is searched, DCOV_CONFIG first.
"""

import sys

from rich.console import Console

from dcov import Fleet, Report
from dcov.tasks import install_exporters


def tell(report: Report) -> None:
    """Print how a run came out, and what to do about each failure."""
    print(f"{report.task}: {report.summary}")
    for outcome in report.failures:
        print(f"{outcome.server}: {outcome.code or outcome.status}: {outcome.why}")
        if outcome.hint:
            print(f"  -> {outcome.hint}")
        if outcome.rollback:
            print(f"  rollback: {outcome.rollback}")


def main(config: str | None = None) -> int:
    """Plan, apply just that plan, and run once more where it failed."""
    fleet = Fleet.load(config).where("workers")
    # One server first; then a quarter of them at a time, until a tenth has failed.
    careful = fleet.using(canary=1, batch="25%", max_failures="10%")

    plan = careful.plan(install_exporters)
    Console().print(plan)  # every change, line by line
    if not plan.has_changes:
        tell(plan.report)
        return 0 if plan.report.ok else 1

    report = plan.apply()  # refuses a server that is not as it was planned
    tell(report)
    if not report.ok:
        again = fleet.where(",".join(outcome.server for outcome in report.failures))
        report = again.run(install_exporters)
        tell(report)
    return 0 if report.ok and plan.report.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
