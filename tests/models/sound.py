"""What hears and speaks: CTC, classes of sounds, sounds against texts, and speech."""

import tokenizers
import vision
from folder import labels
from graph import WIDTH, Graph, floats, integers

RATE = 16000


def ctc(folder):
    """wav2vec2: a letter, or nothing, for every 20 ms."""
    specials = ["<pad>", "<s>", "</s>", "<unk>", "|"]
    decoder = {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True}
    vocabulary = tokenizers.characters(
        folder, "Wav2Vec2CTCTokenizer", specials, "ABCDEFGHIJKLMNOPQRSTUVWXYZ'",
        parts={"decoder": decoder}, bos_token="<s>", eos_token="</s>", word_delimiter_token="|",
    )
    graph = Graph(folder.name)
    graph.takes(floats("input_values", "batch_size", "samples"))
    wave = graph.op("Unsqueeze", "input_values", graph.whole(1))
    kernel = graph.drawn(WIDTH, 1, 400, spread=0.05)
    planes = graph.gelu(graph.op("Conv", wave, kernel, kernel_shape=[400], strides=[320]))
    x = graph.layers(graph.op("Transpose", planes, perm=[0, 2, 1]))
    graph.op("MatMul", x, graph.drawn(WIDTH, len(vocabulary)), output="logits")
    graph.gives(floats("logits", "batch_size", "frames", len(vocabulary)))
    folder.config(
        "wav2vec2", "Wav2Vec2ForCTC", vocab_size=len(vocabulary), pad_token_id=0, conv_kernel=[400],
        conv_stride=[320],
    )
    folder.sounds(
        "Wav2Vec2FeatureExtractor", RATE, processor_class="Wav2Vec2Processor", do_normalize=True,
        feature_size=1, padding_value=0.0, return_attention_mask=False,
    )
    folder.save(graph.model())


def spectral(graph, x, bins):
    """[batch, frames, bins] to [batch, WIDTH]: every frame a token."""
    return graph.mean(graph.norm(graph.layers(graph.linear(x, bins, WIDTH))))


def classifier(folder):
    """An audio spectrogram transformer that hears one second."""
    names, bins, frames = ["tone", "chord", "noise", "silence"], 32, 98
    graph = Graph(folder.name)
    graph.takes(floats("input_values", "batch_size", frames, bins))
    x = spectral(graph, "input_values", bins)
    graph.op("MatMul", x, graph.drawn(WIDTH, len(names)), output="logits")
    graph.gives(floats("logits", "batch_size", len(names)))
    folder.config(
        "audio-spectrogram-transformer", "ASTForAudioClassification", num_mel_bins=bins,
        max_length=frames, **labels(*names),
    )
    folder.sounds(
        "ASTFeatureExtractor", RATE, num_mel_bins=bins, max_length=frames, do_normalize=True,
        mean=-4.0, std=4.5, feature_size=1, padding_value=0.0, return_attention_mask=False,
    )
    folder.save(graph.model())


def clap(folder):
    """Sounds of one second at most against texts."""
    rate, bins = 48000, 64
    vocabulary = tokenizers.word_pieces(folder, "RobertaTokenizer")
    graph = Graph(folder.name)
    graph.takes(floats("input_features", "audio_batch_size", "num_channels", "height", "width"))
    mel = graph.op("Squeeze", "input_features", graph.whole(1))
    mel = graph.op("Mul", mel, graph.constant(0.05))  # decibels
    heard = graph.linear(spectral(graph, mel, bins))
    vision.compare(graph, "audio", heard, vision.texts(graph, vocabulary), 10.0)
    folder.config("clap", "ClapModel", projection_dim=WIDTH)
    folder.sounds(
        "ClapFeatureExtractor", rate, processor_class="ClapProcessor", feature_size=bins,
        fft_window_size=1024, nb_frequency_bins=513, hop_length=480, frequency_min=50,
        frequency_max=14000, nb_max_samples=rate, max_length_s=1, truncation="rand_trunc",
        padding="repeatpad", padding_value=0.0,
    )
    folder.save(graph.model())


def speaker(folder):
    """VITS: 16 ms of something for every letter."""
    vocabulary = tokenizers.characters(
        folder, "VitsTokenizer", ["<pad>", "<unk>"], " abcdefghijklmnopqrstuvwxyz.,?!'-",
        parts={"normalizer": {"type": "Lowercase"}},
    )
    graph = Graph(folder.name)
    graph.takes(*(integers(name, "batch_size", "sequence") for name in ("input_ids", "attention_mask")))
    bias = graph.hidden_padding("attention_mask")
    x = graph.layers(graph.embedding("input_ids", len(vocabulary)), bias)
    wave = graph.op("Tanh", graph.linear(x, WIDTH, 256))
    graph.op("Reshape", wave, graph.whole(0, -1), output="waveform")
    graph.gives(floats("waveform", "batch_size", "samples"))
    folder.config("vits", "VitsModel", sampling_rate=RATE, vocab_size=len(vocabulary))
    folder.save(graph.model())
