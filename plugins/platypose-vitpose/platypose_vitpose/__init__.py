"""Hugging Face's ViTPose as a detector for Platypose."""
