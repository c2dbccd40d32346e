"""Loggers of training runs for Platypose."""
