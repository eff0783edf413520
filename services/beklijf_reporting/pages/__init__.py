"""The pages: routes, what they show (`tables`, `cohort`), the words they use (`vocabulary`), templates and one style sheet.

Everything works without JavaScript, under a content security policy that allows nothing but this server's own files.
"""
