"""Ways in which a good QuestionnaireResponse goes wrong, each with a name; some are harmless and only look wrong.

`draft` is what a way works on; `values` change one answer, `structure` the items, `envelope` what surrounds them, `shape` the JSON.
"""
