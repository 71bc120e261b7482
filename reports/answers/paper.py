"""What the MuseBar paper reports, for setting beside what was measured here.

Table 1 of the paper (its Figure 5 draws the BCE of the same runs): means of ten runs, 240 steps
a snippet, 512 hidden units, on a collection that is not published. Neither spread nor single
runs are given. Four cells have an MI above their KL, which one posterior cannot have.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reported:
    """One cell of Table 1; nats per snippet. None where the paper leaves it blank."""

    genre: str
    method: str
    bce: float
    kl: float | None
    mi: float | None


TABLE_1 = (
    Reported("overall", "lstm_vae", 1100, 0.1, 0.7),
    Reported("overall", "vae_bow", 1076, 19, 17),
    Reported("overall", "musebar", 1078, 22, 20),
    Reported("overall", "musebar_bow", 1068, 27, 21),
    Reported("classical", "lstm_vae", 1121, 0.08, 0.5),
    Reported("classical", "vae_bow", 1109, 17, 10),
    Reported("classical", "musebar", 1111, 20, 11),
    Reported("classical", "musebar_bow", 1091, 30, 20.3),
    Reported("jazz", "lstm_vae", 1130, None, None),
    Reported("jazz", "vae_bow", 1111, 14, 15),
    Reported("jazz", "musebar", 1113, 21, 20),
    Reported("jazz", "musebar_bow", 1102, 32, 21.7),
    Reported("electronic", "lstm_vae", 1029, 0.1, 0.9),
    Reported("electronic", "vae_bow", 1007, 23, 20),
    Reported("electronic", "musebar", 1001, 29, 21),
    Reported("electronic", "musebar_bow", 989, 35.7, 24),
    Reported("pop", "lstm_vae", 1047, 0.09, 0.07),
    Reported("pop", "vae_bow", 1029, 16, 15),
    Reported("pop", "musebar", 1021, 27, 21),
    Reported("pop", "musebar_bow", 1017, 32.9, 23.4),
    Reported("rock", "lstm_vae", 1045, 0.08, 0.03),
    Reported("rock", "vae_bow", 1026, 21, 20),
    Reported("rock", "musebar", 1019, 27, 23),
    Reported("rock", "musebar_bow", 1007, 29, 24),
)
