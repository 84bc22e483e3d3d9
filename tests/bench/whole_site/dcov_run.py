"""dcov: quickstart over a site; says how long each step took."""

import json
import sys

from dcov import Fleet
from dcov.tasks import quickstart

report = Fleet.load(sys.argv[1]).run(quickstart)
said = {
    "good": len(report) - len(report.failures),
    "changed": len(report.changed),
    "steps": len(report.steps),
    "seconds": {step.task: step.seconds for step in report.steps},
}
print(json.dumps(said))
for outcome in report.failures:
    print(f"{outcome.server}: {outcome.why}", file=sys.stderr)
