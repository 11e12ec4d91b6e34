"""The champion over HTTP: who may ask, what is asked, the answers, and the server around them."""
