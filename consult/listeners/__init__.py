"""The DICOM door."""
