"""Tables in every format, figures, the numbers of the text, the article: what is shown of the results."""
