from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader
from kedro.validation.exceptions import ParameterValidationError
from kedro.validation.parameter_validator import ParameterValidator
from pydantic import BaseModel, ValidationError

from trip_duration import params
from trip_duration.errors import ParameterError
from trip_duration.params import (
    Choice,
    CityParams,
    FeatureEngineeringParams,
    Group,
    HistoryParams,
    IngestionParams,
    LightGBMParams,
    LookupParams,
    ModellingParams,
    MonthChoice,
    MonthGateParams,
    RuleParams,
    SelectionParams,
    Service,
    Span,
    TuningParams,
    read_parameters,
)
from trip_duration.pipelines.ingestion import create_pipeline
from trip_duration.settings import CONFIG_LOADER_ARGS

CONF = Path(__file__).parents[1] / "conf"
ENVIRONMENTS = sorted({"base", *(p.parent.name for p in CONF.glob("*/*.yml"))} - {"local"})
MONTHS = {"service": "green", "months": "2023-01"}
SPLIT = {"train_months": "2023-01..2023-02", "test_months": "2023-03"}
NEEDED: dict[type[Group], dict[str, Any]] = {
    MonthChoice: MONTHS,
    IngestionParams: {**MONTHS, "source_root": "synthetic"},
    FeatureEngineeringParams: SPLIT,
    ModellingParams: {"model_type": "lightgbm"},
    TuningParams: {"spaces": {}},
    Span: {"low": 1, "high": 2},
    Choice: {"choices": [1]},
}
GROUPS = [
    value
    for value in vars(params).values()
    if isinstance(value, type) and issubclass(value, Group) and value is not Group
]


def _configured(env: str = "base", **runtime: Any) -> dict[str, Any]:
    loader = OmegaConfigLoader(str(CONF), env=env, runtime_params=runtime, **CONFIG_LOADER_ARGS)
    parameters: dict[str, Any] = loader["parameters"]
    return parameters


def _wrong(group: type[Group], **values: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        group.model_validate({**NEEDED.get(group, {}), **values})
    return [
        (".".join(map(str, error["loc"])), error["type"])
        for error in caught.value.errors(include_url=False)
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_group_refuses_names_that_it_does_not_know(group: type[Group]) -> None:
    assert ("min_duratoin", "extra_forbidden") in _wrong(group, min_duratoin=1)


@pytest.mark.parametrize("group", GROUPS)
def test_group_cannot_be_changed(group: type[Group]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(group.model_construct(), next(iter(group.model_fields)), 1)


@pytest.mark.parametrize(
    ("group", "name", "inside", "outside"),
    [
        (CityParams, "trips", [100, 10_000_000], [99, 10_000_001]),
        (IngestionParams, "attempts", [1, 20], [0, 21]),
        (IngestionParams, "timeout", [0.1], [0, -1]),
        (RuleParams, "min_duration", [0, 179.9], [-0.1, float("nan")]),
        (RuleParams, "max_distance", [0.1], [0, -1]),
        (MonthGateParams, "min_rows", [1], [0]),
        (MonthGateParams, "max_rejected_share", [0, 1], [-0.01, 1.01, float("nan")]),
        (HistoryParams, "smoothing", [0.1], [0]),
        (HistoryParams, "folds", [2, 50], [1, 51]),
        (SelectionParams, "method", ["none", "gain", "permutation"], ["shap"]),
        (FeatureEngineeringParams, "validation_days", [1, 366], [0, 367]),
        (LightGBMParams, "learning_rate", [0.01, 1], [0, 1.1]),
        (LightGBMParams, "max_bin", [15, 65_535], [14, 65_536]),
        (LookupParams, "min_trips", [1], [0]),
        (ModellingParams, "model_type", ["lightgbm", "linear"], ["prophet"]),
        (ModellingParams, "train_rows", [0], [-1]),
    ],
)
def test_values_are_held_to_their_bounds(
    group: type[Group], name: str, inside: list[Any], outside: list[Any]
) -> None:
    for value in inside:
        assert getattr(group.model_validate({**NEEDED.get(group, {}), name: value}), name) == value
    assert [_wrong(group, **{name: value})[0][0] for value in outside] == [name] * len(outside)


def test_linear_regression_is_another_name_of_linear() -> None:
    assert ModellingParams(model_type="linear_regression").model_type == "linear"  # type: ignore[arg-type]
    read = read_parameters(_configured(model_type="linear_regression"))
    assert (read.model_type, read.modelling.model_type) == ("linear", "linear")
    spaces = {"linear_regression": {"alpha": {"choices": [0.1]}}}
    assert list(TuningParams.model_validate({"spaces": spaces}).spaces) == ["linear"]


@pytest.mark.parametrize("service", ["green", "yellow"])
def test_service_is_one_that_the_project_reads(service: str) -> None:
    assert MonthChoice(service=service, months="2023-01").service is Service(service)


@pytest.mark.parametrize("service", ["fhv", "Green", ""])
def test_other_services_are_refused(service: str) -> None:
    assert _wrong(MonthChoice, service=service) == [("service", "enum")]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"months": "2023-05", **SPLIT}, ("2023-05",)),
        (SPLIT, ("2023-01", "2023-02", "2023-03")),
        ({"train_months": "2023-02", "test_months": "2023-01..2023-02"}, ("2023-01", "2023-02")),
        ({"test_months": "2023-01"}, ("2023-01",)),
    ],
)
def test_wanted_months_are_those_named_or_those_of_the_split(
    choice: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    assert MonthChoice.model_validate({"service": "green", **choice}).wanted == wanted


def test_some_month_must_be_named() -> None:
    assert _wrong(MonthChoice, months="") == [("", "value_error")]


@pytest.mark.parametrize("months", ["2023-13", "2023-02..2023-01", 2023, 2023.1, ["oops"]])
def test_wrong_months_are_a_wrong_value_and_no_crash(months: Any) -> None:
    assert _wrong(MonthChoice, months=months) == [("months", "value_error")]


@pytest.mark.parametrize("low_and_high", ["duration", "distance"])
def test_bounds_of_the_rules_are_in_order(low_and_high: str) -> None:
    values = {f"min_{low_and_high}": 5, f"max_{low_and_high}": 5}
    with pytest.raises(ValidationError, match=f"min_{low_and_high} must be below max_"):
        RuleParams.model_validate(values)
    assert RuleParams.model_validate({**values, f"max_{low_and_high}": 6})


@pytest.mark.parametrize(
    ("train", "test", "accepted"),
    [
        ("2023-01..2023-02", "2023-03", True),
        ("2022-12", "2023-01", True),
        ("2023-01..2023-03", "2023-03", False),
        ("2023-04", "2023-03..2023-05", False),
        ("2023-05", "2023-03", False),
    ],
)
def test_training_ends_before_the_test_begins(train: str, test: str, accepted: bool) -> None:
    values = {"train_months": train, "test_months": test}
    if accepted:
        assert FeatureEngineeringParams.model_validate(values).test_months[0] == test
    else:
        with pytest.raises(ValidationError, match="training must end before the test begins"):
            FeatureEngineeringParams.model_validate(values)


@pytest.mark.parametrize("name", ["train_months", "test_months"])
def test_both_sides_of_the_split_are_needed(name: str) -> None:
    assert _wrong(FeatureEngineeringParams, **{name: ""}) == [(name, "too_short")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("synthetic", "synthetic"),
        ("https://example.org/tlc/", "https://example.org/tlc"),
        ("s3://bucket/tlc", "s3://bucket/tlc"),
        ("simplecache::https://example.org/tlc", "simplecache::https://example.org/tlc"),
        ("../shared/tlc", "../shared/tlc"),
        ("/", "/"),
    ],
)
def test_source_root_may_be_any_place(given: str, kept: str) -> None:
    read = IngestionParams.model_validate({**MONTHS, "source_root": given})
    assert read.source_root == kept


SECRETS = [
    "https://bob:hunter2@example.org/tlc",
    "https://hunter2@example.org/tlc",
    "https://:hunter2@example.org/tlc",
    "https://example.org/tlc?signature=hunter2",
    "s3://bucket/tlc?key=hunter2",
    "simplecache::https://bob:hunter2@example.org/tlc",
    "https://bob:hunter2@exa\u2100mple.org/tlc",  # urlsplit's own message repeats it
    "https://bob:hunter2@[example.org/tlc",
]


@pytest.mark.parametrize("root", SECRETS)
def test_secret_in_the_address_is_refused_and_never_repeated(root: str) -> None:
    with pytest.raises(ValidationError) as by_type:
        IngestionParams.model_validate({**MONTHS, "source_root": root})
    with pytest.raises(ParameterError) as by_name:
        read_parameters(_configured(source_root=root) | {"source_root": root})
    with pytest.raises(ParameterValidationError) as by_kedro:
        ParameterValidator({"ingestion": create_pipeline()}).validate_raw_params(
            {"ingestion": {**MONTHS, "source_root": root}}
        )
    for caught in (by_type, by_name, by_kedro):
        assert "source_root" in str(caught.value)
        assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_secret_under_a_mistyped_name_is_not_repeated_either() -> None:
    with pytest.raises(ValidationError, match="source_rot") as caught:
        IngestionParams.model_validate({**MONTHS, "source_root": "x", "source_rot": SECRETS[0]})
    assert "hunter2" not in str(caught.value)


def test_all_wrong_parameters_are_listed_at_once() -> None:
    raw = _configured()
    raw["ingestion"] = {**raw["ingestion"], "attemps": 3, "timeout": -1, "city": {"trips": 5}}
    raw["modelling"] = {**raw["modelling"], "model_type": "prophet"}
    with pytest.raises(ParameterError) as caught:
        read_parameters({**raw, "trian_months": "2023-01", "months": "2023-13"})
    lines = str(caught.value).splitlines()
    assert lines[0] == "parameters refused:"
    assert {line.partition(":")[0] for line in lines[1:]} == {
        "- ingestion.attemps",
        "- ingestion.timeout",
        "- ingestion.city.trips",
        "- modelling.model_type",
        "- trian_months",
        "- months",
    }


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_configuration_of_every_environment_is_valid(env: str) -> None:
    read = read_parameters(_configured(env))
    assert read.ingestion.wanted == read.data_processing.wanted
    assert read.feature_engineering.train_months == read.ingestion.train_months


def test_choices_on_the_command_line_reach_the_groups() -> None:
    given = {"train_months": "2022-01..2022-02", "test_months": "2022-03", "service": "yellow"}
    read = read_parameters(_configured(**given, model_type="linear", seed=7))
    assert read.ingestion.wanted == ("2022-01", "2022-02", "2022-03")
    assert read.feature_engineering.test_months == ("2022-03",)
    assert read.data_processing.service is Service.YELLOW
    assert (read.modelling.model_type, read.modelling.seed) == ("linear", 7)


def test_typed_groups_are_read_as_well_as_plain_ones() -> None:
    plain = _configured()
    typed = {**plain, "ingestion": IngestionParams.model_validate(plain["ingestion"])}
    assert read_parameters(typed) == read_parameters(plain)


def _parted(group: BaseModel, where: str = "") -> Iterator[str]:
    """Name what the configuration leaves out, and what it sets to other than the default."""
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, BaseModel):
            yield from _parted(value, f"{where}{name}.")
        elif name not in group.model_fields_set:
            yield f"{where}{name} is not in conf/base"
        elif not field.is_required() and value != field.default:
            yield f"{where}{name} is {value!r}, by default {field.default!r}"


def test_configuration_and_defaults_in_code_agree() -> None:
    read = read_parameters(_configured())
    groups = {name: value for name, value in read if isinstance(value, Group)}
    parted = {line for name, group in groups.items() for line in _parted(group, f"{name}.")}
    # the months of a run have no default but "none"
    assert {line for line in parted if not line.split(" ")[0].endswith("_months")} == set()
    assert set(groups) == {
        name for name, field in params.Parameters.model_fields.items() if field.is_required()
    }


def test_a_default_that_parts_is_noticed() -> None:
    read = MonthGateParams(min_rows=7)
    assert "min_rows is 7, by default 1000" in set(_parted(read))
    assert "max_rejected_share is not in conf/base" in set(_parted(read))


def test_a_value_that_a_short_name_gives_to_several_groups_is_refused_once() -> None:
    groups = ("ingestion", "data_processing", "feature_engineering")
    raw = _configured()
    wrong = {name: {**raw[name], "train_months": "2023-13"} for name in groups}
    with pytest.raises(ParameterError) as by_short_name:
        read_parameters({**raw, **wrong, "train_months": "2023-13"})
    said = "'2023-13' is not a month: expected YYYY-MM or a range YYYY-MM..YYYY-MM"
    assert str(by_short_name.value) == f"parameters refused:\n- train_months: {said}"
    with pytest.raises(ParameterError) as by_group:
        read_parameters({**raw, **wrong})
    names = ", ".join(f"{name}.train_months" for name in groups)
    assert str(by_group.value) == f"parameters refused:\n- {names}: {said}"
