"""Asking the learner: guess and reveal, check, vote; and the articles' claims, tried."""
