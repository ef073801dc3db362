"""The drop-in gradcheck beside torch's own."""
