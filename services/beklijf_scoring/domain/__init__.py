"""What scoring decides, as pure functions of what it was told: `derive` is the story, the other modules are its chapters."""
