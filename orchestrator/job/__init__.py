"""One cover through one server: request, prompt, checks, the run, three files."""
