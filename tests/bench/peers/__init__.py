"""Other node editors, driven the same way as the canvas. They are installed for this benchmark only."""
