// The network and its training, in plain typed arrays: 3 × 3 convolution to 8 planes, ReLU, 2 × 2
// maximum; 3 × 3 convolution to 16 planes, ReLU, 2 × 2 maximum; 3 × 3 convolution to 32 planes, ReLU;
// one dense layer to 10 logits.
// Gradients are worked out by hand and applied by Adam (https://arxiv.org/abs/1412.6980).

/**
 * A 3 × 3 convolution that keeps width and height: the input has a border of zeros.
 * @typedef {{ inputs: number, outputs: number, size: number }} Shape
 */
const FIRST = { inputs: 1, outputs: 8, size: 28 };
const SECOND = { inputs: 8, outputs: 16, size: 14 };
const THIRD = { inputs: 16, outputs: 32, size: 7 };
const FEATURES = THIRD.outputs * THIRD.size ** 2;
export const CLASSES = 10;

/** Tensors by name, with the shape that ONNX gives them. */
export const parameterShapes = {
    'conv1.weight': [FIRST.outputs, FIRST.inputs, 3, 3],
    'conv1.bias': [FIRST.outputs],
    'conv2.weight': [SECOND.outputs, SECOND.inputs, 3, 3],
    'conv2.bias': [SECOND.outputs],
    'conv3.weight': [THIRD.outputs, THIRD.inputs, 3, 3],
    'conv3.bias': [THIRD.outputs],
    'dense.weight': [CLASSES, FEATURES],
    'dense.bias': [CLASSES],
};

/** @typedef {Record<string, Float64Array>} Parameters */

/** He initialisation. @param {import('./random.mjs').Random} random @returns {Parameters} */
export function newParameters(random) {
    return Object.fromEntries(
        Object.entries(parameterShapes).map(([name, shape]) => {
            const count = shape.reduce((a, b) => a * b);
            const spread = shape.length === 1 ? 0 : Math.sqrt(2 / (count / shape[0]));
            return [name, Float64Array.from({ length: count }, () => spread * random.normal())];
        }),
    );
}

/** @param {Parameters} like @returns {Parameters} */
export function zeros(like) {
    return Object.fromEntries(
        Object.entries(like).map(([name, values]) => [name, new Float64Array(values.length)]),
    );
}

/** Copies planes into ones with a zero border. @param {Float64Array} planes @param {Shape} shape */
function pad(planes, { inputs, size }) {
    const wide = size + 2;
    const out = new Float64Array(inputs * wide * wide);
    for (let c = 0; c < inputs; c++) {
        for (let y = 0; y < size; y++) {
            const from = (c * size + y) * size;
            out.set(planes.subarray(from, from + size), (c * wide + y + 1) * wide + 1);
        }
    }
    return out;
}

/** The inverse of pad. @param {Float64Array} padded @param {Shape} shape */
function crop(padded, { inputs, size }) {
    const wide = size + 2;
    const out = new Float64Array(inputs * size * size);
    for (let c = 0; c < inputs; c++) {
        for (let y = 0; y < size; y++) {
            const from = (c * wide + y + 1) * wide + 1;
            out.set(padded.subarray(from, from + size), (c * size + y) * size);
        }
    }
    return out;
}

/**
 * Adds one row of a 3 × 3 kernel over one plane. The loops of this file that count are written
 * plainly: the engine makes them fast.
 * @param {Float64Array} out @param {number} to @param {Float64Array} padded @param {number} from
 * @param {number} size @param {Float64Array} w @param {number} cell
 */
function addKernelRow(out, to, padded, from, size, w, cell) {
    const w0 = w[cell];
    const w1 = w[cell + 1];
    const w2 = w[cell + 2];
    for (let y = 0; y < size; y++) {
        let left = padded[from];
        let middle = padded[from + 1];
        for (let x = 0; x < size; x++) {
            const right = padded[from + x + 2];
            out[to + x] += w0 * left + w1 * middle + w2 * right;
            left = middle;
            middle = right;
        }
        to += size;
        from += size + 2;
    }
}

/** @param {Float64Array} padded @param {Float64Array} w @param {Float64Array} b @param {Shape} shape */
function convolve(padded, w, b, { inputs, outputs, size }) {
    const wide = size + 2;
    const plane = size * size;
    const out = new Float64Array(outputs * plane);
    for (let o = 0; o < outputs; o++) {
        out.fill(b[o], o * plane, (o + 1) * plane);
        for (let row = 0; row < inputs * 3; row++) {
            const from = (Math.floor(row / 3) * wide + (row % 3)) * wide;
            addKernelRow(out, o * plane, padded, from, size, w, (o * inputs * 3 + row) * 3);
        }
    }
    return out;
}

/**
 * Adds the gradients by weights and biases; where `back` is given, adds the one by the padded input.
 * Goes cell by cell, because the maximum lets at most a quarter of the gradient through.
 * @param {Float64Array} padded @param {Float64Array} w @param {Float64Array} grad by the output
 * @param {Float64Array} gw @param {Float64Array} gb @param {Shape} shape
 * @param {Float64Array} [back]
 */
function convolveBack(padded, w, grad, gw, gb, { inputs, outputs, size }, back) {
    const wide = size + 2;
    for (let i = 0; i < outputs * size * size; i++) {
        const g = grad[i];
        if (g === 0)
            continue;
        const row = Math.floor(i / size);
        const o = Math.floor(row / size);
        const corner = (row % size) * wide + (i % size);
        gb[o] += g;
        for (let kernelRow = 0; kernelRow < inputs * 3; kernelRow++) {
            const from = (Math.floor(kernelRow / 3) * wide + (kernelRow % 3)) * wide + corner;
            const cell = (o * inputs * 3 + kernelRow) * 3;
            gw[cell] += g * padded[from];
            gw[cell + 1] += g * padded[from + 1];
            gw[cell + 2] += g * padded[from + 2];
            if (back) {
                back[from] += g * w[cell];
                back[from + 1] += g * w[cell + 1];
                back[from + 2] += g * w[cell + 2];
            }
        }
    }
}

/** ReLU and 2 × 2 maximum in one; `from` tells which cell won, -1 where none was above zero. */
function pool(/** @type {Float64Array} */ planes, /** @type {Shape} */ { outputs, size }) {
    const half = size / 2;
    const out = new Float64Array(outputs * half * half);
    const from = new Int32Array(out.length).fill(-1);
    // The size is even, so rows of all planes run on: one loop over rows does for all of them.
    for (let row = 0; row < outputs * half; row++) {
        for (let x = 0; x < half; x++) {
            const i = row * half + x;
            const first = 2 * row * size + 2 * x;
            for (let k = 0; k < 4; k++) {
                const cell = first + (k >> 1) * size + (k & 1);
                if (planes[cell] > out[i]) {
                    out[i] = planes[cell];
                    from[i] = cell;
                }
            }
        }
    }
    return { out, from };
}

/** @param {Float64Array} grad @param {Int32Array} from @param {number} size */
function poolBack(grad, from, size) {
    const out = new Float64Array(size);
    for (let i = 0; i < grad.length; i++) {
        if (from[i] >= 0)
            out[from[i]] += grad[i];
    }
    return out;
}

/** @param {Parameters} p @param {Float64Array} image */
function forward(p, image) {
    const padded1 = pad(image, FIRST);
    const pool1 = pool(convolve(padded1, p['conv1.weight'], p['conv1.bias'], FIRST), FIRST);
    const padded2 = pad(pool1.out, SECOND);
    const pool2 = pool(convolve(padded2, p['conv2.weight'], p['conv2.bias'], SECOND), SECOND);
    const padded3 = pad(pool2.out, THIRD);
    const features = convolve(padded3, p['conv3.weight'], p['conv3.bias'], THIRD);
    for (let i = 0; i < FEATURES; i++)
        features[i] = Math.max(0, features[i]);
    const logits = Float64Array.from(p['dense.bias']);
    const weight = p['dense.weight'];
    for (let k = 0; k < CLASSES; k++) {
        let sum = 0;
        for (let i = 0; i < FEATURES; i++)
            sum += weight[k * FEATURES + i] * features[i];
        logits[k] += sum;
    }
    return { padded1, pool1, padded2, pool2, padded3, features, logits };
}

/** @param {Parameters} p @param {Float64Array} image @returns {Float64Array} */
export function logitsOf(p, image) {
    return forward(p, image).logits;
}

/** @param {Float64Array} logits */
export function softmax(logits) {
    const top = Math.max(...logits);
    const powers = logits.map((v) => Math.exp(v - top));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((v) => v / sum);
}

/**
 * Adds the gradients of the dense layer; returns the one by its features, as far as ReLU lets it.
 * @param {Parameters} p @param {Parameters} g @param {Float64Array} features
 * @param {Float64Array} errors by the logits
 */
function denseBack(p, g, features, errors) {
    const out = new Float64Array(FEATURES);
    const [weight, gradient] = [p['dense.weight'], g['dense.weight']];
    for (let k = 0; k < CLASSES; k++) {
        const error = errors[k];
        g['dense.bias'][k] += error;
        for (let i = 0; i < FEATURES; i++) {
            if (features[i] > 0) {
                gradient[k * FEATURES + i] += error * features[i];
                out[i] += error * weight[k * FEATURES + i];
            }
        }
    }
    return out;
}

/**
 * Adds one picture's gradients of the cross-entropy to `g` and returns the loss.
 * @param {Parameters} p @param {Parameters} g @param {Float64Array} image @param {number} digit
 */
export function addGradients(p, g, image, digit) {
    const { padded1, pool1, padded2, pool2, padded3, features, logits } = forward(p, image);
    const probabilities = softmax(logits);
    const errors = probabilities.map((probability, k) => probability - (k === digit ? 1 : 0));
    const grad3 = denseBack(p, g, features, errors);
    const back3 = new Float64Array(padded3.length);
    convolveBack(padded3, p['conv3.weight'], grad3, g['conv3.weight'], g['conv3.bias'], THIRD, back3);
    const grad2 = poolBack(crop(back3, THIRD), pool2.from, SECOND.outputs * SECOND.size ** 2);
    const back2 = new Float64Array(padded2.length);
    convolveBack(padded2, p['conv2.weight'], grad2, g['conv2.weight'], g['conv2.bias'], SECOND, back2);
    const grad1 = poolBack(crop(back2, SECOND), pool1.from, FIRST.outputs * FIRST.size ** 2);
    convolveBack(padded1, p['conv1.weight'], grad1, g['conv1.weight'], g['conv1.bias'], FIRST);
    return -Math.log(Math.max(1e-12, probabilities[digit]));
}

/** Adam with its usual constants. @param {Parameters} parameters */
export function makeAdam(parameters) {
    const [mean, square] = [zeros(parameters), zeros(parameters)];
    let step = 0;
    return (/** @type {Parameters} */ gradients, /** @type {number} */ rate) => {
        step++;
        for (const [name, p] of Object.entries(parameters)) {
            const [g, m, s] = [gradients[name], mean[name], square[name]];
            for (let i = 0; i < p.length; i++) {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                s[i] = 0.999 * s[i] + 0.001 * g[i] * g[i];
                p[i] -= (rate * (m[i] / (1 - 0.9 ** step))) / (Math.sqrt(s[i] / (1 - 0.999 ** step)) + 1e-8);
            }
        }
    };
}
