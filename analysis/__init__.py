"""What a text expresses: language, sentiment, anger, and which posts tell the same story."""
