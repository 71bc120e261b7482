"""Answers: frozen values worked out from a study's tables. No English, no figures."""
