"""From records and a teacher to the transformation that brings renders to where the teacher is at home."""
