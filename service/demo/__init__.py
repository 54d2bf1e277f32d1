"""A fictional brand to look at: its posts are served as feeds and take the same way as any other's."""
