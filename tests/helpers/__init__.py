"""What the tests share: guards that make a test answer for what it leaves behind, and isolation from the user."""
