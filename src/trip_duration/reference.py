"""The reference pages of the documentation that are written from the code itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandera.pandas as pa
from pydantic import BaseModel

from trip_duration import params, schemas
from trip_duration.features.dictionary import as_markdown
from trip_duration.features.transformer import FEATURES
from trip_duration.serving.cli import serve
from trip_duration.serving.settings import PREFIX, Settings

_GENERATED = "<!-- written by `make docs`; change the code, not this page -->\n\n"
_CONTRACTS = {
    "raw_trips": schemas.RawTrips,
    "trips, train_trips, validation_trips, test_trips, train_sample": schemas.Trips,
    "the lookup in raw_zone_files, as it is read": schemas.ZoneLookup,
    "zones": schemas.Zones,
    "the features of zone_outlines": schemas.ZoneOutlines,
    "batch_requests, chunk by chunk": schemas.BatchRequests,
    "predictions": schemas.Predictions,
    "contributions": schemas.Contributions,
}
_GROUPS = (
    params.IngestionParams,
    params.DataProcessingParams,
    params.FeatureEngineeringParams,
    params.ModellingParams,
    params.BehaviourParams,
    params.RecalibrationParams,
    params.ExplanationParams,
    params.ReportingParams,
    params.TuningParams,
    params.BacktestParams,
    params.ComparisonParams,
    params.PromotionParams,
    params.InferenceParams,
)


def pages() -> dict[str, str]:
    """Return the text of each generated page by its file name."""
    return {
        "features.md": _GENERATED + "# Feature dictionary\n\n" + as_markdown(FEATURES),
        "data-dictionary.md": _GENERATED + _data_dictionary(),
        "parameters.md": _GENERATED + _parameters(),
        "service-settings.md": _GENERATED + _service_settings(),
    }


def write_pages(folder: Path) -> list[Path]:
    """Write the generated pages into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages()]


def _data_dictionary() -> str:
    parts = ["# Data dictionary\n"]
    for entries, model in _CONTRACTS.items():
        parts += [f"## {model.__name__}\n", f"{model.__doc__} Used for: {entries}.\n"]
        parts += ["| column | meaning | type | may be null | bounds |", "|---|---|---|---|---|"]
        parts += [_describe_column(column) for column in model.to_schema().columns.values()]
        parts.append("")
    return "\n".join(parts)


def _describe_column(column: pa.Column) -> str:
    bounds = ", ".join(str(check.error or check.name) for check in column.checks)
    null = "yes" if column.nullable else "no"
    return f"| `{column.name}` | {column.description} | {column.dtype} | {null} | {bounds} |"


def _parameters() -> str:
    parts = [
        "# Parameters\n",
        "Each is given in `conf/`, or as `--params group.name=value`. The short names `service`,",
        "`source_root`, `months`, `train_months`, `test_months`, `model_type`, `experiment_name`",
        "and `seed` set their value in every group that has it; `tuned` names a parameters file,",
        "relative to the project, that goes before `conf/` and behind the command line; `input`,",
        "`output` and `model` say what the pipeline inference reads, writes and answers with,",
        "`model` also whose intervals the pipeline recalibration calibrates anew;",
        "`version` names the registered version that the pipeline promotion judges.\n",
    ]
    for group in _GROUPS:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", group.__name__.removesuffix("Params")).lower()
        parts += [f"## {name}\n", f"{(group.__doc__ or '').splitlines()[0]}\n"]
        parts += ["| parameter | meaning | type | default |", "|---|---|---|---|"]
        parts += _rows(name, group)
        parts.append("")
    return "\n".join(parts)


def _rows(prefix: str, group: type[BaseModel]) -> Iterator[str]:
    meanings = _meanings(group)
    for name, field in group.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(f"{prefix}.{name}", kind)
            continue
        schema = group.model_json_schema()["properties"][name]
        default = "required" if field.is_required() else f"`{field.get_default()}`"
        yield f"| `{prefix}.{name}` | {meanings.get(name, '')} | {_kind(schema)} | {default} |"


# what the service keeps in the data folder
_KEPT = {"log_url": "service.db", "log_spool": "service_spool"}


def _service_settings() -> str:
    parts = [
        "# Settings of the service\n",
        f"Variables `{PREFIX}<NAME>`; those marked are options of `trip-duration serve` too,",
        "which go first.\n",
        "| name | option | meaning | type | default |",
        "|---|---|---|---|---|",
    ]
    options = {str(o.name).removeprefix("no_"): f"`{o.opts[0]}`" for o in serve.params}
    described = Settings.model_json_schema()["properties"]
    for name, field in Settings.model_fields.items():
        # what may be left out is described beside null
        choices = described[name].get("anyOf", [described[name]])
        default = field.default_factory and f"`data/{_KEPT[name]}`"
        default = default or ("-" if field.default is None else f"`{field.default}`")
        said = f"{options.get(name, '-')} | {field.description} | {_kind(choices[0])} | {default}"
        parts.append(f"| `{name}` | {said} |")
    return "\n".join([*parts, ""])


def _kind(schema: dict[str, Any]) -> str:
    if "kind" in schema:
        return str(schema["kind"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[key]:g}" for key, sign in bounds.items() if key in schema]
    return " ".join([schema.get("type", "service"), *limits]).replace("array", "months")


def _meanings(group: type[BaseModel]) -> dict[str, str]:
    """Read the meanings of fields from the Attributes of the docstrings, bases included."""
    found: dict[str, str] = {}
    for base in reversed(group.__mro__):
        text = inspect.cleandoc(base.__dict__.get("__doc__") or "").partition("Attributes:\n")[2]
        for entry in re.split(r"\n(?=    \w+: )", "\n" + text)[1:]:
            name, _, meaning = entry.partition(": ")
            found[name.strip()] = " ".join(meaning.split())
    return found
