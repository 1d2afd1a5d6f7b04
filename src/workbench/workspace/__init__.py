"""The state behind the screens: session, code service, library, query, comparison."""
