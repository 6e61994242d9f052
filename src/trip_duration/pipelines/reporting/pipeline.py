"""The pipeline reporting."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.reporting import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from predictions to metrics, figures and the model card."""
    return Pipeline(
        [
            Node(
                func=nodes.compute_metrics,
                inputs="predictions",
                outputs="metrics",
                name="compute_metrics",
            ),
        ],
        tags="reporting",
    )
