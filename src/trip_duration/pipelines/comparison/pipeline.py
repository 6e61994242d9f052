"""The pipeline comparison."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.comparison import figures, nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from processed months to a recommendation."""
    return Pipeline(
        [
            Node(
                func=nodes.gather_comparison_recipe,
                inputs={
                    "zones": "zones",
                    "features": "params:feature_engineering",
                    "modelling": "params:modelling",
                },
                outputs="comparison_recipe",
                name="gather_comparison_recipe",
            ),
            Node(
                func=nodes.plan_comparison,
                inputs={
                    "trips": "trips",
                    "passed_months": "passed_months",
                    "raw_manifest": "raw_manifest",
                    "ingestion": "params:ingestion",
                    "recipe": "comparison_recipe",
                    "params": "params:comparison",
                },
                outputs="comparison_plan",
                name="plan_comparison",
            ),
            Node(
                func=nodes.run_comparison,
                inputs={
                    "plan": "comparison_plan",
                    "trips": "trips",
                    "recipe": "comparison_recipe",
                    "finished": "finished_comparison_folds",
                },
                outputs="comparison_folds",
                name="run_comparison",
            ),
            Node(
                func=nodes.report_comparison,
                inputs={
                    "plan": "comparison_plan",
                    "results": "comparison_folds",
                    "params": "params:comparison",
                },
                outputs=["comparison_report", "comparison_page"],
                name="report_comparison",
            ),
            Node(
                func=figures.draw_comparison,
                inputs="comparison_report",
                outputs="report_comparison",
                name="draw_comparison",
            ),
        ],
        tags="comparison",
    )
