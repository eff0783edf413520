"""Pure rules of intake: what is well-formed, what fits its Questionnaire, which version counts. Standard library and beklijf_domain."""
