"""How melodies are drawn and played unless it is asked otherwise."""

from __future__ import annotations

TEMPERATURE = 0.9
"""What melodies are drawn at: the one nearest to held-out songs (docs/decisions/0015)."""

TEMPO = 120.0
"""Quarter notes a minute."""

PIANO = 0
"""The first of the 128 programs of General MIDI."""
