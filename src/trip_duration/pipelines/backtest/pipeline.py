"""The pipeline backtest."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.backtest import figures, nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from processed months to what models were worth in each of them."""
    return Pipeline(
        [
            Node(
                func=nodes.gather_backtest_recipe,
                inputs={
                    "zones": "zones",
                    "features": "params:feature_engineering",
                    "modelling": "params:modelling",
                },
                outputs="backtest_recipe",
                name="gather_backtest_recipe",
            ),
            Node(
                func=nodes.plan_backtest,
                inputs={
                    "trips": "trips",
                    "passed_months": "passed_months",
                    "raw_manifest": "raw_manifest",
                    "ingestion": "params:ingestion",
                    "recipe": "backtest_recipe",
                    "params": "params:backtest",
                },
                outputs="backtest_plan",
                name="plan_backtest",
            ),
            Node(
                func=nodes.run_backtest,
                inputs={
                    "plan": "backtest_plan",
                    "trips": "trips",
                    "recipe": "backtest_recipe",
                    "finished": "finished_backtest_folds",
                },
                outputs="backtest_folds",
                name="run_backtest",
            ),
            Node(
                func=nodes.report_backtest,
                inputs={
                    "plan": "backtest_plan",
                    "results": "backtest_folds",
                    "params": "params:backtest",
                    "modelling": "params:modelling",
                },
                outputs="backtest_report",
                name="report_backtest",
            ),
            Node(
                func=figures.draw_backtest,
                inputs="backtest_report",
                outputs="report_backtest",
                name="draw_backtest",
            ),
            Node(
                func=figures.draw_stale_champion,
                inputs="backtest_report",
                outputs="report_stale_champion",
                name="draw_stale_champion",
            ),
        ],
        tags="backtest",
    )
