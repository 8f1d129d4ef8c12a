"""Live sessions: who plays which episode, and what was answered."""
