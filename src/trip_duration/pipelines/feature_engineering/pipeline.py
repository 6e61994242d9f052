"""The pipeline feature_engineering."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.feature_engineering import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from trips to model inputs and the fitted feature transformer."""
    return Pipeline(
        [
            Node(
                func=nodes.split_trips,
                inputs={
                    "trips": "trips",
                    "passed_months": "passed_months",
                    "raw_manifest": "raw_manifest",
                    "ingestion": "params:ingestion",
                    "params": "params:feature_engineering",
                },
                outputs=["train_trips", "validation_trips", "test_trips", "split_facts"],
                name="split_trips",
            ),
            Node(
                func=nodes.fit_transformer,
                inputs={
                    "train_trips": "train_trips",
                    "validation_trips": "validation_trips",
                    "zones": "zones",
                    "params": "params:feature_engineering",
                },
                outputs=["full_transformer", "train_features", "validation_features"],
                name="fit_transformer",
            ),
            Node(
                func=nodes.select_features,
                inputs={
                    "train_features": "train_features",
                    "validation_features": "validation_features",
                    "full_transformer": "full_transformer",
                    "params": "params:feature_engineering",
                },
                outputs="feature_selection",
                name="select_features",
            ),
            Node(
                func=nodes.narrow_transformer,
                inputs=["full_transformer", "feature_selection"],
                outputs="early_transformer",
                name="narrow_transformer",
            ),
            Node(
                func=nodes.present_requests,
                inputs={
                    "train_features": "train_features",
                    "validation_features": "validation_features",
                    "full_transformer": "full_transformer",
                    "early_transformer": "early_transformer",
                    "params": "params:feature_engineering",
                },
                outputs=["model_input_train", "model_input_validation"],
                name="present_requests",
            ),
            Node(
                func=nodes.fit_known_transformer,
                inputs={
                    "train_trips": "train_trips",
                    "validation_trips": "validation_trips",
                    "zones": "zones",
                    "early_transformer": "early_transformer",
                    "params": "params:feature_engineering",
                },
                outputs=["feature_transformer", "model_input_known"],
                name="fit_known_transformer",
            ),
        ],
        tags="feature_engineering",
    )
