"""The state behind the screens: sessions, code service, library, comparison, tour."""
