"""The pipeline data_processing."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.data_processing import nodes


def create_pipeline() -> Pipeline:
    """Return the pipeline that makes validated trips of raw months."""
    return Pipeline(
        [
            Node(
                func=nodes.build_zones,
                inputs="raw_zone_files",
                outputs=["zones", "zone_outlines"],
                name="build_zones",
            ),
            Node(
                func=nodes.clean_months,
                inputs={
                    "raw_trips": "raw_trips",
                    "zones": "zones",
                    "params": "params:data_processing",
                },
                outputs="trips",
                name="clean_months",
            ),
            Node(
                func=nodes.assess_months,
                inputs=["trips", "params:data_processing"],
                outputs="data_quality",
                name="assess_months",
            ),
            Node(
                func=nodes.pass_months,
                inputs="data_quality",
                outputs="passed_months",
                name="pass_months",
            ),
        ],
        tags="data_processing",
    )
