"""From records and a teacher to a small student."""
