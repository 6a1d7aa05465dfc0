"""One file for each vision-language model that can be asked; its `VLM` is all that the rest of the project reads."""
