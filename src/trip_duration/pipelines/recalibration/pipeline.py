"""The pipeline recalibration."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.recalibration import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from a predictor and a newer month to the same one with new intervals."""
    return Pipeline(
        [
            Node(
                func=nodes.read_newest_trips,
                inputs=["trips", "passed_months", "params:recalibration"],
                outputs=["recalibration_trips", "recalibration_month"],
                name="read_newest_trips",
            ),
            Node(
                func=nodes.recalibrate_intervals,
                inputs={
                    "parent_predictor": "parent_predictor",
                    "recalibration_trips": "recalibration_trips",
                    "recalibration_month": "recalibration_month",
                    "params": "params:modelling",
                },
                outputs="recalibrated_predictor",
                name="recalibrate_intervals",
            ),
            Node(
                func=nodes.read_train_trips,
                inputs=["parent_predictor", "trips", "passed_months"],
                outputs="parent_train_trips",
                name="read_train_trips",
            ),
            Node(
                func=nodes.train_parent_table,
                inputs=["parent_predictor", "parent_train_trips", "params:modelling"],
                outputs="parent_table",
                name="train_parent_table",
            ),
            Node(
                func=nodes.examine_recalibrated,
                inputs={
                    "recalibrated_predictor": "recalibrated_predictor",
                    "parent_train_trips": "parent_train_trips",
                    "zones": "zones",
                    "params": "params:behaviour",
                },
                outputs="recalibrated_behaviour",
                name="examine_recalibrated",
            ),
            Node(
                func=nodes.compare_coverage,
                inputs={
                    "parent_predictor": "parent_predictor",
                    "recalibrated_predictor": "recalibrated_predictor",
                    "parent_table": "parent_table",
                    "recalibration_trips": "recalibration_trips",
                },
                outputs="recalibration_report",
                name="compare_coverage",
            ),
        ],
        tags="recalibration",
    )
