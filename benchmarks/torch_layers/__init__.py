"""Right and spoiled layers of torch.nn."""
