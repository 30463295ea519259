#!/usr/bin/python3
"""tests/oracles/sound.py: makes tests/oracles/sound/ anew, with numpy and sox (Debian python3-numpy, sox).

What Python's transformers makes of sounds for models, its rules written down here once more: of version 4.57.1,
models/NAME/feature_extraction_NAME.py and audio_utils.py. And what sox reads in sound files, and makes of their rates.
"""

import base64
import json
import os
import struct
import subprocess
import tempfile

import numpy

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sound")
SOX = subprocess.run(["sox", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
VALUES = 40


# --- sounds, which the tests make in the same way ---------------------------------------------------


def sound(kind, count, rate):
    """Samples of a kind: see made() in tests/page/oracle-sound.test.mjs."""
    times = numpy.arange(count)
    if kind == "silence":
        return numpy.zeros(count, dtype=numpy.float32)
    if kind == "noise":
        state, values = 1, []
        for _ in range(count):
            state = (state * 1103515245 + 12345) % 2**31
            values.append(state / 2**30 - 1)
        return numpy.array(values, dtype=numpy.float32) / 4
    tones = sum(numpy.sin(2 * numpy.pi * hertz * times / rate) for hertz in (220, 1330, 3570))
    if kind == "tones":
        return (tones / 5).astype(numpy.float32)
    return numpy.where(times < count // 2, tones / 3, tones / 3000 + 0.1).astype(numpy.float32)  # "step"


# --- audio_utils.py ----------------------------------------------------------------------------------


def to_mel(hertz, scale):
    if scale == "kaldi":
        return 1127.0 * numpy.log(1.0 + hertz / 700.0)
    hertz = numpy.asarray(hertz, dtype=float)
    logs = 15.0 + numpy.log(numpy.maximum(hertz, 1e-9) / 1000.0) * (27.0 / numpy.log(6.4))
    return numpy.where(hertz >= 1000.0, logs, 3.0 * hertz / 200.0)


def to_hertz(mels, scale):
    if scale == "kaldi":
        return 700.0 * (numpy.exp(mels / 1127.0) - 1.0)
    return numpy.where(mels >= 15.0, 1000.0 * numpy.exp(numpy.log(6.4) / 27.0 * (mels - 15.0)), 200.0 * mels / 3.0)


def filters(bins, count, low, high, rate, scale, slaney):
    """[bins, count]"""
    mels = numpy.linspace(to_mel(low, scale), to_mel(high, scale), count + 2)
    if scale == "kaldi":
        points = mels
        places = to_mel(rate / ((bins - 1) * 2) * numpy.arange(bins), scale)
    else:
        points = to_hertz(mels, scale)
        places = numpy.linspace(0, rate // 2, bins)
    slopes = points[None, :] - places[:, None]
    widths = numpy.diff(points)
    bank = numpy.maximum(0, numpy.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]))
    return bank * (2.0 / (points[2:] - points[:-2])) if slaney else bank


def spectrogram(wave, window, hop, size, bank, center=None, emphasis=None):
    """Powers in bands, [frames, bands], without floor or logarithm."""
    length = len(window)
    wave = wave.astype(numpy.float64)
    if center:
        wave = numpy.pad(wave, length // 2, mode=center)
    count = 1 + (len(wave) - length) // hop
    rows = []
    for index in range(count):
        frame = wave[index * hop : index * hop + length].copy()
        if emphasis:
            frame -= frame.mean()
            frame[1:] -= emphasis * frame[:-1]
            frame[0] *= 1 - emphasis
        rows.append(numpy.abs(numpy.fft.rfft(frame * window, size)) ** 2)
    return numpy.array(rows) @ bank


def kaldi(wave, rate, bins, window):
    bank = filters(257, bins, 20, rate // 2, rate, "kaldi", False)
    powers = spectrogram(wave, window, 160, 512, bank, emphasis=0.97)
    return numpy.log(numpy.maximum(1.192092955078125e-07, powers))


# --- feature_extraction_*.py -------------------------------------------------------------------------


def whisper(wave, feature_size=80, sampling_rate=16000, hop_length=160, chunk_length=30, n_fft=400, padding_value=0.0):
    length = chunk_length * sampling_rate
    wave = numpy.concatenate([wave[:length], numpy.full(max(0, length - len(wave)), padding_value)])
    bank = filters(1 + n_fft // 2, feature_size, 0.0, 8000.0, sampling_rate, "slaney", True)
    window = numpy.hanning(n_fft + 1)[:-1]
    logs = numpy.log10(numpy.maximum(1e-10, spectrogram(wave, window, hop_length, n_fft, bank, "reflect"))).T[:, :-1]
    return {"input_features": ((numpy.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0)[None]}


def wav2vec2(wave, sampling_rate=16000, do_normalize=True):
    wave = wave.astype(numpy.float64)
    values = (wave - wave.mean()) / numpy.sqrt(wave.var() + 1e-7) if do_normalize else wave
    return {"input_values": values[None]}


def seamless(wave, num_mel_bins=80, sampling_rate=16000, stride=2, padding_value=0.0):
    logs = kaldi(wave.astype(numpy.float64) * 2**15, sampling_rate, num_mel_bins, numpy.hanning(400) ** 0.85)
    logs = (logs - logs.mean(0)) / numpy.sqrt(logs.var(0, ddof=1) + 1e-7)
    more = len(logs) % 2
    mask = numpy.concatenate([numpy.ones(len(logs)), numpy.zeros(more)])
    logs = numpy.concatenate([logs, numpy.full((more, num_mel_bins), padding_value)])
    count = len(logs) // stride * stride
    features = logs[:count].reshape(1, count // stride, num_mel_bins * stride)
    return {"input_features": features, "attention_mask": mask[:count][numpy.arange(count) % stride == 1][None]}


def ast(wave, num_mel_bins=128, max_length=1024, do_normalize=True, mean=-4.2677393, std=4.5689974, sampling_rate=16000):
    logs = kaldi(wave, sampling_rate, num_mel_bins, numpy.hanning(400))[:max_length]
    logs = numpy.concatenate([logs, numpy.zeros((max_length - len(logs), num_mel_bins))])
    return {"input_values": ((logs - mean) / (std * 2) if do_normalize else logs)[None]}


def clap(wave, feature_size=64, sampling_rate=48000, hop_length=480, max_length_s=10, fft_window_size=1024,
         frequency_min=0, frequency_max=14000, truncation="fusion", padding="repeatpad"):
    assert truncation == "rand_trunc"
    length = max_length_s * sampling_rate
    if len(wave) < length:
        if padding == "repeat":
            wave = numpy.tile(wave, length // len(wave) + 1)[:length]
        if padding == "repeatpad":
            wave = numpy.tile(wave, length // len(wave))
        wave = numpy.pad(wave, (0, length - len(wave)))
    bank = filters((fft_window_size >> 1) + 1, feature_size, frequency_min, frequency_max, sampling_rate, "slaney", True)
    window = numpy.hanning(fft_window_size + 1)[:-1]
    powers = spectrogram(wave, window, hop_length, fft_window_size, bank, "reflect")
    return {"input_features": 10.0 * numpy.log10(numpy.maximum(1e-10, powers))[None, None]}


def parakeet(wave, feature_size=80, sampling_rate=16000, hop_length=160, n_fft=512, win_length=400, preemphasis=0.97):
    wave = wave.astype(numpy.float64)
    wave = numpy.concatenate([wave[:1], wave[1:] - preemphasis * wave[:-1]])
    before = (n_fft - win_length) // 2
    window = numpy.pad(numpy.hanning(win_length), (before, n_fft - win_length - before))
    bank = filters(1 + n_fft // 2, feature_size, 0.0, sampling_rate / 2, sampling_rate, "slaney", True)
    logs = numpy.log(spectrogram(wave, window, hop_length, n_fft, bank, "constant") + 2**-24)
    count = len(ORIGINAL) // hop_length
    mask = (numpy.arange(len(logs)) < count).astype(float)
    mean, std = logs[:count].mean(0), logs[:count].std(0, ddof=1)
    return {"input_features": ((logs - mean) / (std + 1e-5) * mask[:, None])[None], "attention_mask": mask[None]}


WAYS = {
    "WhisperFeatureExtractor": (whisper, "whisper", [
        ("tones", 16000, {}), ("step", 24000, {"chunk_length": 2}), ("noise", 16000, {"chunk_length": 1, "feature_size": 128}),
        ("silence", 8000, {"chunk_length": 1}), ("tones", 12000, {"chunk_length": 1, "padding_value": 0.25}),
        ("noise", 20000, {"chunk_length": 1, "hop_length": 200, "n_fft": 512}), ("tones", 8000, {"sampling_rate": 8000, "chunk_length": 2}),
        ("noise", 1, {"chunk_length": 1}),
    ]),
    "Wav2Vec2FeatureExtractor": (wav2vec2, "wav2vec2", [
        ("step", 16000, {}), ("noise", 4000, {"do_normalize": True}), ("step", 4000, {"do_normalize": False}), ("silence", 1000, {}),
    ]),
    "SeamlessM4TFeatureExtractor": (seamless, "seamless_m4t", [
        ("noise", 16000, {}), ("tones", 16160, {}), ("step", 8000, {"num_mel_bins": 40, "padding_value": 1.5}), ("noise", 8000, {"stride": 3}),
    ]),
    "ASTFeatureExtractor": (ast, "audio_spectrogram_transformer", [
        ("noise", 16000, {}), ("step", 16000, {"max_length": 50, "num_mel_bins": 32}), ("tones", 8000, {"max_length": 64, "do_normalize": False}),
        ("tones", 8000, {"max_length": 64, "mean": -1.5, "std": 2}), ("silence", 4000, {"max_length": 32}),
    ]),
    "ClapFeatureExtractor": (clap, "clap", [
        ("tones", 20000, {"max_length_s": 1}), ("noise", 24000, {"max_length_s": 1}), ("step", 16000, {"max_length_s": 1, "padding": "repeat"}),
        ("step", 16000, {"max_length_s": 1, "padding": "pad"}), ("tones", 48000, {"max_length_s": 1, "frequency_min": 50, "feature_size": 32}),
        ("noise", 3000, {"max_length_s": 1, "sampling_rate": 16000, "frequency_max": 8000, "hop_length": 160, "fft_window_size": 512}),
    ]),
    "ParakeetFeatureExtractor": (parakeet, "parakeet", [
        ("noise", 16000, {}), ("tones", 8050, {"feature_size": 128}), ("step", 8000, {"preemphasis": 0.5, "win_length": 320}),
    ]),
}


def features():
    global ORIGINAL
    cases = []
    for type, (way, module, rows) in WAYS.items():
        for kind, count, settings in rows:
            told = {**settings, "truncation": "rand_trunc"} if type == "ClapFeatureExtractor" else settings
            rate = told.get("sampling_rate", 48000 if type == "ClapFeatureExtractor" else 16000)
            ORIGINAL = sound(kind, count, rate)
            outputs = {}
            for name, output in way(ORIGINAL, **told).items():
                flat = output.reshape(-1)
                step = max(1, len(flat) // VALUES) | 1
                outputs[name] = {"shape": list(output.shape), "step": step, "values": [round(float(v), 5) for v in flat[::step]]}
            cases.append({"rule": f"transformers 4.57.1, models/{module}/feature_extraction_{module}.py", "kind": kind, "count": count,
                          "settings": {"feature_extractor_type": type, **told}, "outputs": outputs})
    return cases


# --- files -------------------------------------------------------------------------------------------


def sox(*arguments, given=b""):
    return subprocess.run(["sox", "-D", *arguments], input=given, capture_output=True, check=True).stdout


def numbers_of(path, *effects):
    return numpy.frombuffer(sox(path, "-t", "f64", "-", *effects), dtype="<f8")


RAW = ["-t", "s32", "-r", "16000", "-c", "1"]
WRITTEN = {
    "u8": ["-b", "8"], "s16": ["-b", "16"], "s24": ["-b", "24"], "s32": ["-b", "32"], "f32": ["-e", "float", "-b", "32"],
    "f64": ["-e", "float", "-b", "64"], "a-law": ["-e", "a-law"], "mu-law": ["-e", "mu-law"], "RIFX s16": ["-B", "-b", "16"],
    "RIFX s24": ["-B", "-b", "24"], "RIFX f32": ["-B", "-e", "float", "-b", "32"], "two channels": ["-c", "2", "-b", "16"],
}


def files():
    whole = (sound("tones", 100, 16000).astype(float) * 2**31).astype("<i4").tobytes()
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.wav")

        def add(name, content):
            with open(path, "wb") as file:
                file.write(content)
            read = numbers_of(path, "remix", "-") if "channels" in name else numbers_of(path)
            cases.append({"name": name, "file": base64.b64encode(content).decode(), "values": [round(float(v), 9) for v in read]})

        for name, how in WRITTEN.items():
            sox(*RAW, "-", *how, path, given=whole)
            with open(path, "rb") as file:
                add(name, file.read())
        for name, how in (("s16", []), ("s24", ["-b", "24"]), ("three channels of s24", ["-b", "24", "-c", "3"])):
            piped = sox(*RAW, "-", *(how or ["-b", "16"]), "-t", "wav", "-", given=whole)
            add(f"{name} through a pipe", piped)
        add("s16 whose size is 0xffffffff", file_of_size(sox(*RAW, "-", "-b", "16", "-t", "wav", "-", given=whole), 0xFFFFFFFF))
    return cases


def file_of_size(file, size):
    return file[:40] + struct.pack("<I", size) + file[44:]


def rates():
    """What sox makes of tones at another rate, in the middle."""
    cases = []
    for rate in (8000, 11025, 22050, 44100, 48000, 96000):
        given = sound("tones", rate // 2, rate).astype("<f4")
        made = numpy.frombuffer(sox("-t", "f32", "-r", str(rate), "-c", "1", "-", "-t", "f64", "-", "rate", "-v", "16000",
                                    given=given.tobytes()), dtype="<f8")
        cases.append({"rate": rate, "kind": "tones", "count": rate // 2, "first": 3000, "values": [round(float(v), 6) for v in made[3000:3040]]})
    return cases


def write(name, oracle, cases):
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, f"{name}.json"), "w", encoding="utf8") as file:
        rows = ",\n".join(json.dumps(case) for case in cases)
        file.write(f'{{"oracle": {json.dumps({**oracle, "script": "tests/oracles/sound.py"})}, "cases": [\n{rows}\n]}}\n')


write("features", {"program": f"numpy {numpy.__version__}"}, features())
write("files", {"program": f"sox {SOX}"}, files())
write("rates", {"program": f"sox {SOX}"}, rates())
