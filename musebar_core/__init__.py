"""Music, model, losses, metrics and training of bar-wise regularised recurrent VAEs.

Needs torch, numpy, pandas, pyarrow and safetensors to train; music21, symusic and
pretty_midi are imported only where music is read or written.
"""
