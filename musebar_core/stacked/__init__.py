"""Many runs trained as one program; README.md beside this file says how and why."""

from musebar_core.stacked.fit import Run, fit

__all__ = ["Run", "fit"]
