"""The whole run from ingested months to the model card, against a plain script plus start-up."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.jobs import describe_training
from tests.benchmarks.measure import Report, Row, Usage, in_turn, middle, run_program
from tests.benchmarks.projects import BIN, PROFILE, ROOT, TRAINING, Project, Workshop

SHOWN = 12


def bench_run(shop: Workshop) -> Report:
    """Everything after ingestion: ours, the plain script, and what Kedro and MLflow cost alone."""
    ours, empty = shop.trained, shop.empty
    job = ours.folder / "job.json"
    job.write_text(json.dumps(describe_job(ours)))
    plain_out = ours.folder / "plain"

    def run_ours() -> Usage:
        ours.forget()
        return ours.run(TRAINING, shop.params)

    def run_plain() -> Usage:
        raw = ours.data / "01_raw"
        module = ["-m", "tests.benchmarks.plain_run", raw, job, plain_out]
        return run_program([sys.executable, *module], ROOT)

    def start_up() -> Usage:
        return run_program([BIN / "kedro", "run"], empty.folder)

    sides = {"ours": run_ours, "plain": run_plain, "start": start_up}
    took = in_turn(sides, 1 if shop.quick else 3, "whole run")
    rows = [
        *compare(took, "seconds", f"whole run, {shop.months}", 1.5),
        *compare(took, "cpu_seconds", "the same, seconds of CPU", None),
    ]
    return Report(rows, [spread(took), compare_scores(ours, plain_out), *profile(shop)])


def compare(took: dict[str, list[Usage]], clock: str, what: str, asked: float | None) -> list[Row]:
    """Our run against the sum of the script and the start-up, and both of these."""
    middles = {k: middle(getattr(u, clock) for u in usages) for k, usages in took.items()}
    ours, plain, start = middles["ours"], middles["plain"], middles["start"]
    total = plain + start
    return [
        Row(what, f"{ours:.1f} s", f"{total:.1f} s", ours / total, asked),
        Row("- plain script alone", "", f"{plain:.1f} s"),
        Row("- start-up of Kedro and MLflow alone", "", f"{start:.1f} s"),
    ]


def spread(took: dict[str, list[Usage]]) -> str:
    """Every repetition, for a machine that does other work as well makes them differ."""
    listed = {k: ", ".join(f"{u.seconds:.1f}" for u in usages) for k, usages in took.items()}
    sides = "; ".join(f"{name} {values}" for name, values in listed.items())
    return f"seconds of each repetition: {sides}"


def describe_job(project: Project) -> dict[str, Any]:
    """What the script would have as constants, taken from our run."""
    facts = json.loads((project.data / "06_models/training_facts.json").read_text())
    selection = json.loads((project.data / "04_feature/feature_selection.json").read_text())
    kept = ("service", "train_months", "test_months", "validation_days")
    return {
        **describe_training(project, facts["seed"]),
        **{name: facts[name] for name in kept},
        "features": selection["kept"],
    }


def compare_scores(ours: Project, plain: Path) -> str:
    """Say how good both models are; raise if the script has not done the same work.

    Raises:
        AssertionError: If the models differ by more than one part in a thousand.
    """
    names = ("request", "request_with_distance", "baseline")
    places = (ours.data / "08_reporting/metrics.json", plain / "metrics.json")
    scores = [json.loads(place.read_text())["test"] for place in places]
    both = [[score[name]["mae"] for name in names] for score in scores]
    held = [[score[name]["coverage"] for name in names[:2]] for score in scores]
    if any(abs(a - b) > 0.002 for a, b in zip(*held, strict=True)):
        raise AssertionError(f"coverage of ours {held[0]}, of the plain script {held[1]}")
    if any(abs(a / b - 1) > 0.001 for a, b in zip(*both, strict=True)):
        raise AssertionError(f"test MAE of ours {both[0]}, of the plain script {both[1]}")
    said = [" / ".join(f"{value:.3f}" for value in side) for side in both]
    return (
        f"test MAE (request / with distance / baseline): ours {said[0]}, plain {said[1]}; the "
        "plain script (plain_run.py) imports nothing of ours, makes the same kept features, and "
        "leaves out contracts, selection of features, intermediate files, figures, card, tracking"
    )


def profile(shop: Workshop) -> list[str]:
    """Say where the seconds of the first run went, which had clocks in it."""
    spent: dict[str, float] = json.loads((shop.trained.folder / PROFILE).read_text())
    whole = shop.first.seconds if shop.first else 0.0
    nodes = sum(seconds for name, seconds in spent.items() if name.startswith("node "))
    return [
        f"where one run's {whole:.1f} s go: nodes {nodes:.1f} s with their loads and saves, "
        f"the rest (start-up, tracking) {whole - nodes:.1f} s",
        "nodes: " + largest(spent, "node "),
        "functions: " + largest(spent, "run "),
        "saves: " + largest(spent, "save "),
        "loads: " + largest(spent, "load "),
        "tracking: " + largest(spent, "tracking "),
    ]


def largest(spent: dict[str, float], prefix: str) -> str:
    chosen = {name.removeprefix(prefix): s for name, s in spent.items() if name.startswith(prefix)}
    order = sorted(chosen, key=lambda name: -chosen[name])[:SHOWN]
    return ", ".join(f"{name} {chosen[name]:.2f} s" for name in order)
