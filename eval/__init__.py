"""Students against benchmarks: protocols, metrics, the sealed world and its demo teacher, reports."""
