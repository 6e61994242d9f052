"""The pipeline inference."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.inference import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline that answers files of requests."""
    return Pipeline(
        [
            Node(
                func=nodes.answer_requests,
                inputs={
                    "requests": "batch_requests",
                    "predictor": "batch_predictor",
                    "params": "params:inference",
                },
                outputs="batch_answers",
                name="answer_requests",
            ),
        ],
        tags="inference",
    )
