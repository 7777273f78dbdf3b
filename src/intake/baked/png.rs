//! PNG text chunks (tEXt, zTXt, iTXt).
