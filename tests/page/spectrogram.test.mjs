// tier: quick
/** What the kernels are held against for mel_spectrogram is what the library of the tasks makes of sound for Whisper. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { right } from '../lib/kernels.mjs';

// Without what it needs for pictures.
const source = new URL('../src/utils/audio.js', import.meta.resolve('@huggingface/transformers'));
const { mel_filter_bank, spectrogram, window_function } = await import(source.href);

for (const mels of [80, 128]) {
    test(`a spectrogram of ${mels} mels is the library's`, async () => {
        const sound = Float32Array.from({ length: 4100 }, (_, i) => Math.sin(i * i / 9000) * Math.sin(i / 700) ** 2);
        const window = window_function(400, 'hann'), filters = mel_filter_bank(201, mels, 0, 8000, 16000, 'slaney', 'slaney');
        const wanted = await spectrogram(sound, window, 400, 160, {
            power: 2, mel_filters: filters, log_mel: 'log10_max_norm', max_num_frames: Math.floor(sound.length / 160) });
        const { shape, values } = right.mel_spectrogram([
            { name: 'samples', shape: [sound.length], values: [...sound] }, { name: 'window', shape: [400], values: [...window] },
            { name: 'filters', shape: [mels, 201], values: filters.flat() }], { hop: 160 });
        assert.deepEqual(shape, wanted.dims);
        for (const [i, value] of values.entries()) assert.ok(Math.abs(value - wanted.data[i]) < 1e-4, `element ${i}: ${value}, ${wanted.data[i]}`);
    });
}
