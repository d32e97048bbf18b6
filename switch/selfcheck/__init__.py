"""What a store can show by itself: each invariant that its records must keep (INV-96)."""
