"""Players: chance flags next to nobody, nothing of the date or later counts, nobody flickers, decisions are kept."""
