"""How each kind of file is read and made, by its own library; ``files`` has the table of them."""
