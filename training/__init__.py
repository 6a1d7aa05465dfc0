"""Clips and captions for LoRA trainers, and what a LoRA holds. Nothing is trained here: trainers do that."""
