/** A folder whose model spells the tones that it hears, and files with a tone in formats that browsers decode. */
import fs from 'node:fs';
import path from 'node:path';
import { makeFamilies } from '../../lib/families.mjs';
import { FLOAT, INT64, graph, model, node, tensor, value } from '../../lib/onnx.mjs';
import { root } from '../../lib/paths.mjs';

/** One second of 440 Hz each. */
export const TONES = ['tone.mp3', 'tone.flac', 'tone.ogg', 'tone.opus']
    .map((name) => ({ name, bytes: new Uint8Array(fs.readFileSync(path.join(root, 'tests/sounds', name))) }));
/** What is heard of each, in Hz, is a letter: A, B, and so on. */
const HERTZ = [220, 330, 440, 550, 660, 880];
export const letterOf = (hertz) => String.fromCharCode(65 + HERTZ.indexOf(hertz));

const RATE = 16000;
/** Samples that a tone is told from: its neighbours are told apart from 20 Hz on. */
const LENGTH = 800;
/** The family's letters begin there; before them, nothing is the first. */
const LETTERS = 5, VOCABULARY = 32;
/** What is less than half as loud as the whole is nothing. */
const SILENCE = 0.5;

const floats = (name, shape, values) => tensor(name, FLOAT, shape, Buffer.from(Float32Array.from(values).buffer));
const axis = (name, place) => tensor(name, INT64, [1], Buffer.from(BigInt64Array.of(BigInt(place)).buffer));

/** Each letter's logit is the power of its tone, around each sample. */
function graphOfTones() {
    const waves = HERTZ.flatMap((hertz) => [Math.cos, Math.sin].map((wave) => [hertz, wave]));
    const kernels = waves.flatMap(([hertz, wave]) =>
        Array.from({ length: LENGTH }, (_, i) => 2 / LENGTH * wave(2 * Math.PI * hertz * i / RATE)));
    const sums = waves.flatMap((_, i) =>
        Array.from({ length: VOCABULARY }, (_, letter) => Number(letter === LETTERS + (i >> 1))));
    return model(graph('tones', {
        nodes: [
            node('Unsqueeze', ['input_values', 'one'], ['wave']), node('Conv', ['wave', 'kernels'], ['parts']),
            node('Mul', ['parts', 'parts'], ['squares']), node('Squeeze', ['squares', 'zero'], ['rows']),
            node('Transpose', ['rows'], ['times']), node('MatMul', ['times', 'sums'], ['powers']),
            node('Add', ['powers', 'silence'], ['heard']), node('Unsqueeze', ['heard', 'zero'], ['logits']),
        ],
        inputs: [value('input_values', FLOAT, ['batch_size', 'samples'])],
        outputs: [value('logits', FLOAT, ['batch_size', 'frames', VOCABULARY])],
        initializers: [
            floats('kernels', [waves.length, 1, LENGTH], kernels), floats('sums', [waves.length, VOCABULARY], sums),
            floats('silence', [VOCABULARY], [SILENCE, ...Array(VOCABULARY - 1).fill(0)]),
            axis('zero', 0), axis('one', 1),
        ],
    }));
}

/** The tests' wav2vec2 with that graph. @returns {Record<string, Buffer>} */
export function tonesFolder() {
    const folder = path.join(makeFamilies(), 'wav2vec2');
    const files = fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
    return { ...Object.fromEntries(files.map((name) => [name, fs.readFileSync(path.join(folder, name))])),
        'onnx/model.onnx': graphOfTones() };
}
