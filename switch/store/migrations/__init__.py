"""Numbered SQL files: the schema, step by step. A file never changes once it is out."""
