"""What a study is asked: the model of a spec, how one is read, the presets."""
