"""How well tables of many kinds are learnt in the same seconds, by Tidemill and its peers."""
