"""The laptop's AWS: moto in one process plus what moto lacks, one module per service."""
