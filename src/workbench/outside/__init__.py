"""Everything that touches the world, one library a file."""
