"""The screens. They show a session and pass on what was pressed; decisions are the session's."""
