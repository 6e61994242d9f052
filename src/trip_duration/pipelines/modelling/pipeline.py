"""The pipeline modelling."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.modelling import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline from model inputs to the predictor and its predictions."""
    return Pipeline(
        [
            Node(
                func=nodes.describe_training,
                inputs={
                    "split_facts": "split_facts",
                    "ingestion": "params:ingestion",
                    "feature_engineering": "params:feature_engineering",
                    "modelling": "params:modelling",
                },
                outputs="training_facts",
                name="describe_training",
            ),
            Node(
                func=nodes.train_baseline,
                inputs={
                    "train_trips": "train_trips",
                    "validation_trips": "validation_trips",
                    "early_transformer": "full_transformer",
                    "facts": "training_facts",
                    "params": "params:modelling",
                },
                outputs=["baseline", "early_baseline"],
                name="train_baseline",
            ),
            Node(
                func=nodes.train_predictor,
                inputs={
                    "model_input_train": "model_input_train",
                    "model_input_validation": "model_input_validation",
                    "model_input_known": "model_input_known",
                    "early_transformer": "early_transformer",
                    "feature_transformer": "feature_transformer",
                    "facts": "training_facts",
                    "params": "params:modelling",
                },
                outputs=["predictor", "early_predictor", "learning_curve"],
                name="train_predictor",
            ),
            Node(
                func=nodes.sample_training,
                inputs=["train_trips", "params:modelling"],
                outputs="train_sample",
                name="sample_training",
            ),
            Node(
                func=nodes.predict_validation,
                inputs={
                    "early_predictor": "early_predictor",
                    "early_baseline": "early_baseline",
                    "validation_trips": "validation_trips",
                },
                outputs="validation_predictions",
                name="predict_validation",
            ),
            Node(
                func=nodes.predict_splits,
                inputs={
                    "predictor": "predictor",
                    "baseline": "baseline",
                    "train_sample": "train_sample",
                    "validation_predictions": "validation_predictions",
                    "test_trips": "test_trips",
                },
                outputs="predictions",
                name="predict_splits",
            ),
        ],
        tags="modelling",
    )
