"""Music: what recommended configurations play, as MIDI files and as sound."""
