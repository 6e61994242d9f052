"""The sections of the model card that other pipelines have written the content of."""

from __future__ import annotations

import re
from typing import Any

from trip_duration.pipelines.reporting.card_tables import Json, bullets, table

# with its unit, if it has one
_NUMBER = re.compile(r"([-+]?\d[\d.,]*( ?(%|s|ms|min|MB|kB))?)?")
_COMMAND = "kedro run --pipelines {name}"
# in the order of the card
_STUDIES = ("tuning", "backtest", "comparison")


def gather_studies(
    behaviour_report: Json, tuning_report: Json, backtest_report: Json, comparison_report: Json
) -> dict[str, Json]:
    """Gather the reports of studies by name; one that was never made is empty.

    Args:
        behaviour_report: What checks of the predictor's behaviour have found.
        tuning_report: What the search for settings has found.
        backtest_report: Errors month by month.
        comparison_report: Families and feature sets side by side.
    """
    return {
        "behaviour": behaviour_report,
        "tuning": tuning_report,
        "backtest": backtest_report,
        "comparison": comparison_report,
    }


def write_behaviour(studies: dict[str, Json], sha256: str) -> str:
    """Write what the checks of the behaviour have found, and whether of this model."""
    found = _write(studies, "behaviour")
    checked = studies["behaviour"].get("predictor", sha256)
    if checked == sha256:
        return found
    command = _COMMAND.format(name="behaviour")
    return f"**These are of another model** than the card: `{command}`.\n\n{found}"


def write_studies(studies: dict[str, Json], source: str) -> str:
    """Write the studies that have a command of their own, each under its title.

    Args:
        studies: Reports by name.
        source: Kind of source of the months that the model has learnt from. Figures of a study on
            months of another kind are left out.
    """
    titles = {name: _card(studies, name).get("title", name.capitalize()) for name in _STUDIES}
    return "\n\n".join(
        f"### {title}\n\n{_write_study(studies, name, source)}" for name, title in titles.items()
    )


def _write_study(studies: dict[str, Json], name: str, source: str) -> str:
    report = studies[name]
    # a search keeps it in its study; reports of older versions do not have it
    studied = report.get("source") or report.get("study", {}).get("source") or source
    if studied == source:
        return _write(studies, name)
    command = _COMMAND.format(name=name)
    return f"The last one was made on {studied} months, not on {source} ones: `{command}`."


def _write(studies: dict[str, Json], name: str) -> str:
    card = _card(studies, name)
    if not card:
        return f"Not made. The command is `{_COMMAND.format(name=name)}`."
    parts = [bullets(card["lines"])] if card.get("lines") else []
    if card.get("rows"):
        parts.append(table(card["head"], card["rows"], _count_words(card["rows"])))
    return "\n\n".join(parts)


def _count_words(rows: list[list[str]]) -> int:
    """Return the number of columns up to the last that has words rather than numbers."""
    columns = enumerate(zip(*rows, strict=True), 1)
    return max((n for n, cells in columns if not all(map(_NUMBER.fullmatch, cells))), default=1)


def _card(studies: dict[str, Json], name: str) -> dict[str, Any]:
    card: dict[str, Any] = studies[name].get("card", {})
    return card
