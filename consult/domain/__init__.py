"""The rules: values in, values out; nothing here but Python."""
