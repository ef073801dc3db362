"""What an audit costs and sees beside the checkers that people use, on the same functions in one run."""
