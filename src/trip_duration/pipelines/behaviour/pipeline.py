"""The pipeline behaviour."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.behaviour import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline that examines the predictor, and stops where it misbehaves."""
    return Pipeline(
        [
            Node(
                func=nodes.check_behaviour,
                inputs={
                    "predictor": "predictor",
                    "zones": "zones",
                    "train_trips": "train_trips",
                    "validation_trips": "validation_trips",
                    "params": "params:behaviour",
                },
                outputs="behaviour_report",
                name="check_behaviour",
            ),
            Node(
                func=nodes.gate_behaviour,
                inputs=["behaviour_report", "params:behaviour"],
                outputs="behaviour_passed",
                name="gate_behaviour",
            ),
        ],
        tags="behaviour",
    )
