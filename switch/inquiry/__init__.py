"""What a person may ask of a store: what happened to a transaction, what is in a batch.

Reads records and tells them in words; decides nothing and writes nothing.
"""
