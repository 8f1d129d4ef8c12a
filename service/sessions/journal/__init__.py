"""The journal: every episode and step that was answered, kept so that nothing answered is lost."""
