"""The pipeline behaviour."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.behaviour import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline that examines how the predictor behaves."""
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
        ],
        tags="behaviour",
    )
