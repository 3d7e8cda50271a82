"""Train elsewhere: what goes along, how it trains there, and the folder that is written."""
