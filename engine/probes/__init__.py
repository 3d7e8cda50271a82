"""What is observed of a training, one probe a file; `observer` takes them at a pace that training hardly notices."""
