"""What comes in and goes out: the toolkit's context, content types, video, pictures and arrays, documents."""
