"""``python -m trip_duration``: the console command."""

from trip_duration.cli import cli


def main() -> None:
    """Run the console command."""
    cli(prog_name="trip-duration")


if __name__ == "__main__":
    main()
