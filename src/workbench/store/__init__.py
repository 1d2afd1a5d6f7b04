"""Files on disk: project, settings, session logs, annotations, import archive, index."""
