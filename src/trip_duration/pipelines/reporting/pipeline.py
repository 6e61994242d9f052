"""The pipeline reporting."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.reporting import (
    card,
    card_studies,
    facts,
    figures_errors,
    figures_intervals,
    figures_map,
    figures_model,
    figures_slices,
    nodes,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline from predictions to metrics, figures and the model card."""
    return Pipeline(
        [*_measure(), *_draw_errors(), *_draw_model(), *_describe_run(), *_write_card()],
        tags="reporting",
    )


def _measure() -> list[Node]:
    return [
        Node(
            func=nodes.compute_metrics,
            inputs="predictions",
            outputs="metrics",
            name="compute_metrics",
        ),
        Node(
            func=nodes.measure_slices,
            inputs={"predictions": "predictions", "zones": "zones", "params": "params:reporting"},
            outputs="slices",
            name="measure_slices",
        ),
        Node(
            func=nodes.find_worst_slices,
            inputs={
                "predictions": "predictions",
                "zones": "zones",
                "slices": "slices",
                "metrics": "metrics",
                "params": "params:reporting",
            },
            outputs="worst_slices",
            name="find_worst_slices",
        ),
        Node(
            func=nodes.measure_fairness,
            inputs=["slices", "params:reporting"],
            outputs="fairness",
            name="measure_fairness",
        ),
    ]


def _draw_errors() -> list[Node]:
    return [
        Node(
            func=figures_errors.draw_predicted_against_actual,
            inputs=["predictions", "params:reporting"],
            outputs="report_predicted_against_actual",
            name="draw_predicted_against_actual",
        ),
        Node(
            func=figures_errors.draw_error_distribution,
            inputs="predictions",
            outputs="report_error_distribution",
            name="draw_error_distribution",
        ),
        Node(
            func=figures_slices.draw_error_by_hour,
            inputs=["slices", "metrics", "params:reporting"],
            outputs="report_error_by_hour",
            name="draw_error_by_hour",
        ),
        Node(
            func=figures_slices.draw_error_by_borough_pair,
            inputs=["slices", "metrics", "params:reporting"],
            outputs="report_error_by_borough_pair",
            name="draw_error_by_borough_pair",
        ),
        Node(
            func=figures_map.draw_error_map,
            inputs={
                "slices": "slices",
                "zones": "zones",
                "zone_outlines": "zone_outlines",
                "metrics": "metrics",
                "params": "params:reporting",
            },
            outputs="report_error_map",
            name="draw_error_map",
        ),
        Node(
            func=figures_intervals.draw_interval_coverage,
            inputs={
                "slices": "slices",
                "metrics": "metrics",
                "run_facts": "run_facts",
                "params": "params:reporting",
            },
            outputs="report_interval_coverage",
            name="draw_interval_coverage",
        ),
    ]


def _draw_model() -> list[Node]:
    return [
        Node(
            func=figures_model.draw_feature_importance,
            inputs="run_facts",
            outputs="report_feature_importance",
            name="draw_feature_importance",
        ),
        Node(
            func=figures_model.draw_learning_curve,
            inputs="learning_curve",
            outputs="report_learning_curve",
            name="draw_learning_curve",
        ),
        Node(
            func=figures_model.draw_data_quality,
            inputs="data_quality",
            outputs="report_data_quality",
            name="draw_data_quality",
        ),
    ]


def _describe_run() -> list[Node]:
    return [
        Node(
            func=facts.describe_run,
            inputs={
                "predictor": "predictor",
                "raw_manifest": "raw_manifest",
                "ingestion": "params:ingestion",
                "data_processing": "params:data_processing",
                "feature_engineering": "params:feature_engineering",
                "modelling": "params:modelling",
            },
            outputs="run_facts",
            name="describe_run",
        ),
    ]


def _write_card() -> list[Node]:
    return [
        Node(
            func=card.gather_data,
            inputs=["data_quality", "raw_manifest"],
            outputs="card_data",
            name="gather_data",
        ),
        Node(
            func=card_studies.gather_studies,
            inputs={
                "behaviour_report": "behaviour_report",
                "tuning_report": "tuning_report",
                "backtest_report": "backtest_report",
                "comparison_report": "comparison_report",
            },
            outputs="card_studies",
            name="gather_studies",
        ),
        Node(
            func=card.gather_findings,
            inputs={
                "worst_slices": "worst_slices",
                "fairness": "fairness",
                "explanation": "explanation",
                "card_studies": "card_studies",
            },
            outputs="card_findings",
            name="gather_findings",
        ),
        Node(
            func=card.write_model_card,
            inputs={
                "metrics": "metrics",
                "slices": "slices",
                "card_data": "card_data",
                "card_findings": "card_findings",
                "run_facts": "run_facts",
            },
            outputs="model_card",
            name="write_model_card",
        ),
    ]
