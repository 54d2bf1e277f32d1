"""The program: stores, runs and serves what collectors, analysis and alerts decide."""
