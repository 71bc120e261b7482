"""Where the command begins, as ``musebar`` and as ``python -m musebar``."""

from __future__ import annotations

import sys

from musebar.neighbours import keep_out, shadow


def main() -> None:
    """Run the command line, once nothing beside the user can be taken for a part of it."""
    keep_out()
    found = shadow()
    if found is not None:
        sys.stderr.write(f"Error: {found}\n")
        sys.exit(2)
    from musebar_core import memory, threads

    memory.collect_seldom()
    from musebar.cli import main as run

    threads.wait_quietly()
    run()


if __name__ == "__main__":
    main()
