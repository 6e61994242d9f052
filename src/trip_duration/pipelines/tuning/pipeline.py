"""The pipeline tuning."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.tuning import figures, nodes, report


def create_pipeline() -> Pipeline:
    """Return the pipeline from training months to the best settings of a family."""
    return Pipeline(
        [
            Node(
                func=nodes.read_known_trips,
                inputs={
                    "trips": "trips",
                    "passed_months": "passed_months",
                    "params": "params:feature_engineering",
                },
                outputs="known_trips",
                name="read_known_trips",
            ),
            Node(
                func=nodes.make_tuning_folds,
                inputs={
                    "known_trips": "known_trips",
                    "zones": "zones",
                    "feature_engineering": "params:feature_engineering",
                    "tuning": "params:tuning",
                },
                outputs=["tuning_folds", "tuning_fold_sizes"],
                name="make_tuning_folds",
            ),
            Node(
                func=nodes.describe_study,
                inputs={
                    "trips": "trips",
                    "raw_manifest": "raw_manifest",
                    "zones": "zones",
                    "ingestion": "params:ingestion",
                    "feature_engineering": "params:feature_engineering",
                    "modelling": "params:modelling",
                    "tuning": "params:tuning",
                },
                outputs="tuning_study",
                name="describe_study",
            ),
            Node(
                func=nodes.search_settings,
                inputs={
                    "tuning_folds": "tuning_folds",
                    "tuning_study": "tuning_study",
                    "finished_trials": "finished_trials",
                    "modelling": "params:modelling",
                    "tuning": "params:tuning",
                },
                outputs="tuning_trials",
                name="search_settings",
            ),
            Node(
                func=nodes.choose_settings,
                inputs={
                    "tuning_trials": "tuning_trials",
                    "tuning_study": "tuning_study",
                    "modelling": "params:modelling",
                    "tuning": "params:tuning",
                },
                outputs="tuned_parameters",
                name="choose_settings",
            ),
            Node(
                func=report.report_tuning,
                inputs={
                    "tuning_trials": "tuning_trials",
                    "tuning_study": "tuning_study",
                    "tuning": "params:tuning",
                },
                outputs="tuning_report",
                name="report_tuning",
            ),
            Node(
                func=figures.draw_tuning_history,
                inputs="tuning_report",
                outputs="report_tuning_history",
                name="draw_tuning_history",
            ),
            Node(
                func=figures.draw_tuning_parameters,
                inputs="tuning_report",
                outputs="report_tuning_parameters",
                name="draw_tuning_parameters",
            ),
        ],
        tags="tuning",
    )
