"""The pipeline promotion."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.promotion import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline that judges the challenger, and promotes it where that is asked for."""
    return Pipeline(
        [
            Node(
                func=nodes.read_trips,
                inputs={
                    "registered_challenger": "registered_challenger",
                    "trips": "trips",
                    "passed_months": "passed_months",
                    "data_quality": "data_quality",
                    "params": "params:promotion",
                },
                outputs=["learnt_trips", "judged_trips"],
                name="read_trips",
            ),
            Node(
                func=nodes.train_challenger_table,
                inputs={
                    "registered_challenger": "registered_challenger",
                    "learnt_trips": "learnt_trips",
                    "params": "params:modelling",
                },
                outputs="challenger_table",
                name="train_challenger_table",
            ),
            Node(
                func=nodes.examine_challenger,
                inputs={
                    "registered_challenger": "registered_challenger",
                    "learnt_trips": "learnt_trips",
                    "zones": "zones",
                    "behaviour": "params:behaviour",
                },
                outputs="challenger_behaviour",
                name="examine_challenger",
            ),
            Node(
                func=nodes.measure_challenger,
                inputs={
                    "registered_challenger": "registered_challenger",
                    "challenger_table": "challenger_table",
                    "judged_trips": "judged_trips",
                    "zones": "zones",
                    "params": "params:promotion",
                },
                outputs="challenger_measures",
                name="measure_challenger",
            ),
            Node(
                func=nodes.measure_champion,
                inputs={
                    "registered_champion": "registered_champion",
                    "challenger_table": "challenger_table",
                    "judged_trips": "judged_trips",
                    "zones": "zones",
                    "params": "params:promotion",
                },
                outputs="champion_measures",
                name="measure_champion",
            ),
            Node(
                func=nodes.judge_challenger,
                inputs={
                    "challenger_measures": "challenger_measures",
                    "champion_measures": "champion_measures",
                    "challenger_behaviour": "challenger_behaviour",
                    "params": "params:promotion",
                },
                outputs="gate_report",
                name="judge_challenger",
            ),
            Node(
                func=nodes.gate_promotion,
                inputs=["gate_report", "params:promotion"],
                outputs="promotion_order",
                name="gate_promotion",
            ),
        ],
        tags="promotion",
    )
