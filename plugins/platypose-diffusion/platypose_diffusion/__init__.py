"""Noise schedules and samplers for Platypose."""
