"""The form of questions and answers: what a model is asked, and what an answer must look like."""
