"""What is remembered: a small port and its adapters. Synchronous, ignorant of trio, owned by one
thread.
"""
