"""Translators between our values and the formats of the outside: DICOM, PDF, signatures."""
