"""Journey code on disk and in processes: load, watch, isolate, workers, replay pools."""
