"""What MiniStack lacks, or does otherwise than AWS, mended in memory: one module a service."""
