"""How values look: colours from a threshold on, and words in place of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"
BLUE, GREY, PLAIN = "blue", "text", "transparent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Colours: the first up to the first step's value, then each from its value on."""

    base: str = GREEN
    steps: tuple[tuple[float, str], ...] = ()

    def json(self) -> Json:
        """Give it as Grafana has it."""
        steps: list[Json] = [{"color": self.base, "value": None}]
        steps += [{"color": color, "value": value} for value, color in self.steps]
        return {"mode": "absolute", "steps": steps}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What numbers are called: each with its text and colour."""

    of: tuple[tuple[int, str, str], ...]

    def json(self) -> list[Json]:
        """Give them as Grafana has them."""
        options = {
            str(value): {"text": text, "color": color, "index": index}
            for index, (value, text, color) in enumerate(self.of)
        }
        return [{"type": "value", "options": options}]


NO_SCALE = Scale(base=GREY)
QUIET = Scale(base=PLAIN)
ANY_IS_BAD = Scale(base=GREEN, steps=((1, RED),))
CORE = Scale(base=GREEN, steps=((80, YELLOW), (88, RED)))
HOT = Scale(base=GREEN, steps=((95, YELLOW), (105, RED)))  # hot spots, and memory
SHARE = Scale(base=GREEN, steps=((0.85, YELLOW), (0.95, RED)))
FULL_IN = Scale(base=RED, steps=((86400, YELLOW), (3 * 86400, GREEN)))
CLOCK = Scale(base=RED, steps=((-2, GREEN), (2, RED)))

UP = Words(of=((0, "silent", RED), (1, "up", GREEN)))
YES = Words(of=((0, "no", GREEN), (1, "yes", RED)))
IN_STEP = Words(of=((0, "no", RED), (1, "yes", GREEN)))
HELD = Words(of=((0, "free", GREEN), (1, "held back", RED)))
STATE = Words(
    of=(
        (0, "ok", GREEN),
        (1, "warning", YELLOW),
        (2, "error", RED),
        (3, "in a VM", BLUE),
        (4, "unavailable", ORANGE),
    )
)
