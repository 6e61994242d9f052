"""The pipeline explanation."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.explanation import figures, nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from the predictor to what moves its predictions."""
    return Pipeline(
        [
            Node(
                func=nodes.explain_predictions,
                inputs={
                    "test_trips": "test_trips",
                    "predictor": "predictor",
                    "params": "params:explanation",
                },
                outputs="contributions",
                name="explain_predictions",
            ),
            Node(
                func=nodes.measure_importance,
                inputs={
                    "test_trips": "test_trips",
                    "predictor": "predictor",
                    "contributions": "contributions",
                    "params": "params:explanation",
                },
                outputs="explanation",
                name="measure_importance",
            ),
            Node(
                func=figures.draw_shap_summary,
                inputs="contributions",
                outputs="report_shap_summary",
                name="draw_shap_summary",
            ),
            Node(
                func=figures.draw_dependence,
                inputs="contributions",
                outputs="report_dependence",
                name="draw_dependence",
            ),
            Node(
                func=figures.draw_importance,
                inputs="explanation",
                outputs="report_importance",
                name="draw_importance",
            ),
        ],
        tags="explanation",
    )
