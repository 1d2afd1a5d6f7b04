"""The widgets, all drawn a line at a time: none of them holds a widget per step."""
