"""The vault: handles in, results out. The only importer of ``cryptography``; no key byte leaves
this room.
"""
