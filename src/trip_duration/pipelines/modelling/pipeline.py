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
                    "feature_transformer": "full_transformer",
                    "facts": "training_facts",
                    "params": "params:modelling",
                },
                outputs="baseline",
                name="train_baseline",
            ),
            Node(
                func=nodes.train_predictor,
                inputs={
                    "model_input_train": "model_input_train",
                    "model_input_validation": "model_input_validation",
                    "feature_transformer": "feature_transformer",
                    "facts": "training_facts",
                    "params": "params:modelling",
                },
                outputs=["predictor", "learning_curve"],
                name="train_predictor",
            ),
            Node(
                func=nodes.sample_training,
                inputs=["train_trips", "params:modelling"],
                outputs="train_sample",
                name="sample_training",
            ),
            Node(
                func=nodes.predict_splits,
                inputs={
                    "predictor": "predictor",
                    "baseline": "baseline",
                    "train_sample": "train_sample",
                    "validation_trips": "validation_trips",
                    "test_trips": "test_trips",
                },
                outputs="predictions",
                name="predict_splits",
            ),
        ],
        tags="modelling",
    )
