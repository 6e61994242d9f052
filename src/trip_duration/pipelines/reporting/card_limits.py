"""What the model cannot do, as the model card lists it."""

from __future__ import annotations

from trip_duration.evaluation.metrics import SPLITS
from trip_duration.months import span_months
from trip_duration.params import SYNTHETIC
from trip_duration.pipelines.reporting.card_tables import Json
from trip_duration.pipelines.reporting.figures_slices import Metrics, Slices
from trip_duration.tlc.zones import SHAPE_OF


def list_limits(metrics: Metrics, slices: Slices, run: Json) -> list[str]:
    """List what the model cannot do, as far as the run shows it."""
    facts = run["facts"]
    limits = [
        "The trips are made up by a synthetic city: these figures say nothing about New York."
        if run["source"] == SYNTHETIC
        else "",
        f"Learnt from {facts['service']} taxis only; other services drive other trips."
        + " Green taxis may pick up passengers in Manhattan below 96th Street and at the airports "
        "only when booked, so little is known of trips from there." * (facts["service"] == "green"),
        "In training, the metered distance stands in for that of a routing engine. The two differ "
        "where a driver leaves the suggested route.",
        _limit_of_long_trips(slices),
        f"Learnt from {span_months(facts['train_months'])}: later roads, tolls, fares and habits "
        "are not in it, and errors are expected to grow with time. A holiday or season that those "
        "months do not have is guessed from the others.",
        "Weather, closures and events are not known to it.",
        "Trips from or to the zones 264 and 265 (unknown) are not learnt from; a zone that no "
        "training trip had is answered from what the model knows of the city as a whole. The ids "
        f"{', '.join(map(str, SHAPE_OF))} take the shape of a neighbour.",
        "Trips in the hour that the clocks leave out or repeat cannot be timed and are left out.",
        _limit_of_intervals(metrics),
    ]
    return [limit for limit in limits if limit]


def _limit_of_long_trips(slices: Slices) -> str:
    if not slices["duration"]:
        return ""
    longest = slices["duration"][-1]
    side = "short" if longest["bias"] < 0 else "long"
    return (
        f"Trips that take {longest['duration']} minutes are predicted {abs(longest['bias']):.1f} "
        f"minutes too {side} on average: what makes a trip exceptional is not known beforehand."
    )


def _limit_of_intervals(metrics: Metrics) -> str:
    if all("coverage" in metrics[split]["request"] for split in SPLITS):
        return ""
    return "Point estimates only: it does not yet say how sure it is."
