"""The laptop's AWS: moto in one process, and what moto lacks, one module per service."""
