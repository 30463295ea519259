/** The tasks of models that look at pictures, and at nothing else. */
import { Failure } from '../engine/failure.js';
import { sigmoid } from '../engine/picture.js';
import { labelOf, numbersOf, pictureOf } from './image/input.js';
import { highestClass, labelsIn, maskOf, stretch, toBytes, toGrey } from './image/planes.js';
import { writePng } from './image/png.js';
import { nearest, resample } from './image/resample.js';
import { likeliestOf, OF_TOKENS, rowsOf } from './parts.js';

/** @import { Outcome } from '../engine/engine.js' */
/** @import { TensorBytes } from '../shared/messages.js' */
/** @import { Picture } from './image/input.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Task } from './tasks.js' */

/** Maps have at most so many pixels, more than models make; masks are brought to the picture's size after
 * that. A model makes a map for each of its classes, some hundred of them. */
const MAP_PIXELS = 1 << 20;
/** Classes that are named if a request does not say how many. */
const TOP = 5;

// --- one answer for the whole picture --------------------------------------------------------------

/** @type {Task} */
async function classify(loaded, task) {
    const { inputs } = await pictureOf(loaded, task);
    const { top = TOP } = task.options, { config } = loaded;
    loaded.left.add('logits');
    const { logits } = await loaded.model(inputs);
    const classes = await (config.problem_type === 'multi_label_classification' ? each(loaded, logits) : likeliestOf(loaded, logits, top));
    const best = classes.sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, top);
    return answer({ labels: best.map(({ index, probability }) => ({ label: labelOf(config, index), index, probability })) });
}

/** Classes that do not exclude each other. @param {Loaded} loaded @param {any} logits @returns {Promise<import('./parts.js').Class[]>} */
async function each(loaded, logits) {
    const [row] = await rowsOf(loaded, logits, [0]);
    return Array.from(row, (value, index) => ({ index, probability: sigmoid(value) }));
}

/** One vector: the projected one, or the pooled one, or that of the first token, which represents the whole
 * picture. @type {Task} */
async function features(loaded, task) {
    const { inputs } = await pictureOf(loaded, task);
    const texts = loaded.tokenizer ? await loaded.tokenizer(['']) : {};
    for (const name of OF_TOKENS) loaded.left.add(name);
    const made = await loaded.model({ ...texts, ...inputs });
    const vector = made.image_embeds ?? made.pooler_output ?? made.last_hidden_state ?? made.logits;
    if (!vector) {
        throw new Failure('platform_unsupported', 'the model makes no vector of a picture',
            { expected: 'image_embeds, pooler_output or last_hidden_state' });
    }
    const [row] = await rowsOf(loaded, vector, [0]);
    return answer({}, [floats('embeddings', row, [1, row.length])]);
}

// --- things in the picture -------------------------------------------------------------------------

/** @type {Task} */
async function detect(loaded, task, run) {
    const processing = postProcessing(loaded, 'post_process_object_detection');
    const { inputs, width, height } = await pictureOf(loaded, task);
    if (run.raw && PICKING.test(loaded.config.model_type)) run.raw.isUnordered = true;
    const made = await loaded.model(inputs);
    const [, queries, count] = made.logits.dims;
    const [{ boxes, classes, scores }] = processing(made, task.options.threshold ?? 0.5, [[height, width]],
        isEachByItself(loaded, count));
    /** @type {{label: string, score: number, box: Record<string, number>}[]} */
    const found = boxes.map((/** @type {number[]} */ box, /** @type {number} */ i) =>
        ({ label: labelOf(loaded.config, classes[i]), score: scores[i], box: corners(box) }));
    return answer({ boxes: found.sort((a, b) => b.score - a.score).slice(0, queries) });
}

/** Whether each class is scored separately. Then the last class has a name if the folder has names; in DETR the last
 * class means "nothing found". The library treats all models like DETR.
 * @param {Loaded} loaded @param {number} count of the classes */
const isEachByItself = ({ config }, count) =>
    BY_ITSELF.test(config.model_type) || config.id2label?.[count - 1] !== undefined;
const BY_ITSELF = /^(?:(?:rt|rf|conditional|deformable)_detr|d_fine)/;
/** Models that pick their queries by how well they did at first, in that order. */
const PICKING = /^(?:(?:rt|rf|deformable)_detr|d_fine)/;

/** Whole pixels. @param {number[]} box */
function corners(box) {
    const [xmin, ymin, xmax, ymax] = box.map(Math.trunc);
    return { xmin, ymin, xmax, ymax };
}

/** The library's function of that name, which the model's processor has. @param {Loaded} loaded
 * @param {string} name @returns {(...values: any[]) => any} @throws {Failure} */
function postProcessing({ processor, config }, name) {
    const owner = processor?.image_processor;
    if (typeof owner?.[name] === 'function') return owner[name].bind(owner);
    const type = owner?.config?.image_processor_type ?? config.model_type;
    throw new Failure('platform_unsupported', `models with ${type} do not do this`,
        { field: 'task', expected: 'a model whose processor has ' + name });
}

// --- parts of the picture --------------------------------------------------------------------------

/** `mask` is 0 or 255 in each pixel, `width` × `height`. @typedef {{label: string, score: number | null,
 *     mask: Uint8Array | Uint8ClampedArray}} Segment */
/** @typedef {{width: number, height: number}} Size */
/** The segmentation tasks of a model's processor. */
const SUBTASKS = Object.freeze({
    panoptic: 'post_process_panoptic_segmentation',
    instance: 'post_process_panoptic_segmentation', // without classes that are fused, it is this
    semantic: 'post_process_semantic_segmentation',
});

/** @type {Task} */
async function segment(loaded, task, run) {
    const subtask = subtaskOf(loaded, task.options.subtask);
    const { inputs, width, height } = await pictureOf(loaded, task);
    const made = await loaded.model(inputs);
    const size = mapSize(width, height);
    const segments = subtask === null ? matte(made, size)
        : subtask === 'semantic' ? classes(loaded, made.logits, size)
            : objects(loaded, made, size, task.options.threshold ?? 0.5);
    return segmentsAnswer(segments, size, { width, height }, task.outputs, run);
}

/** Null where the processor knows none: the model makes one mask. @param {Loaded} loaded
 * @param {string | undefined} wanted @returns {string | null} @throws {Failure} */
function subtaskOf({ processor }, wanted) {
    const known = Object.entries(SUBTASKS)
        .filter(([, name]) => typeof processor?.image_processor?.[name] === 'function').map(([name]) => name);
    if (wanted === undefined) return known[0] ?? null;
    if (known.includes(wanted)) return wanted;
    throw new Failure('input_invalid', `the model does not do ${wanted} segmentation`,
        { field: 'options.subtask', expected: known.length > 0 ? known.join(' or ') : 'no such option' });
}

/** @param {number} width @param {number} height @returns {Size} */
function mapSize(width, height) {
    const scale = Math.min(1, Math.sqrt(MAP_PIXELS / (width * height)));
    return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

/** Each pixel is of one class. @param {Loaded} loaded @param {any} logits [1, classes, height, width]
 * @param {Size} size @returns {Segment[]} */
function classes({ config }, logits, { width, height }) {
    const [, count, rows, columns] = logits.dims;
    const labels = highestClass(numbersOf(logits), count, columns, rows, width, height);
    return labelsIn(labels, count).map((index) => (
        { label: labelOf(config, index), score: null, mask: maskOf(labels, index) }));
}

/** @param {Loaded} loaded @param {any} made @param {Size} size @param {number} threshold
 * @returns {Segment[]} */
function objects(loaded, made, { width, height }, threshold) {
    const processing = postProcessing(loaded, SUBTASKS.panoptic);
    const [{ segmentation, segments_info: found }] =
        processing(made, threshold, 0.5, 0.8, new Set(), [[height, width]]);
    return found.map((/** @type {{id: number, label_id: number, score: number}} */ one) => ({
        label: labelOf(loaded.config, one.label_id), score: one.score,
        mask: maskOf(segmentation.data, one.id),
    }));
}

/** A model that cuts out: its first output is a share for each pixel, or what becomes one.
 * @param {Record<string, any>} made @param {Size} size @returns {Segment[]} */
function matte(made, { width, height }) {
    const [first] = Object.values(made);
    const [rows, columns] = first.dims.slice(-2);
    const plane = numbersOf(first).slice(0, rows * columns);
    const raw = plane.some((value) => value < -1e-5 || value > 1 + 1e-5);
    const shares = raw ? plane.map(sigmoid) : plane;
    const mask = toBytes(stretch(shares, columns, rows, width, height));
    return [{ label: 'foreground', score: null, mask }];
}

/** @param {Segment[]} segments @param {Size} size of their masks @param {Size} picture
 * @param {readonly string[]} outputs the masks that are wanted; none: all
 * @param {import('../engine/run.js').Run} run a large picture has a cancel heard between its masks
 * @returns {Promise<Outcome>} the segments with these masks @throws {Failure} if there is no such mask */
async function segmentsAnswer(segments, size, { width, height }, outputs, run) {
    const named = segments.map((one, i) => ({ ...one, name: `mask_${i}` }));
    checkMasks(named.map(({ name }) => name), outputs);
    /** @type {TensorBytes[]} */
    const tensors = [];
    const list = [];
    for (const { label, score, mask, name } of named) {
        if (outputs.length > 0 && !outputs.includes(name)) continue;
        await run.rest();
        const grey = nearest({ data: mask, ...size, channels: 1 }, width, height);
        tensors.push(bytes(name, await writePng(grey, width, height, 1)));
        list.push({ label, ...(score === null ? {} : { score }), mask: name });
    }
    return answer({ segments: list }, tensors);
}

/** @param {string[]} names @param {readonly string[]} wanted @throws {Failure} */
function checkMasks(names, wanted) {
    const unknown = wanted.find((name) => !names.includes(name));
    if (unknown === undefined) return;
    throw new Failure('output_unknown',
        `there is no output "${unknown.slice(0, 64)}": the picture has ${names.length} segments`,
        { field: 'outputs', expected: names.length > 0 ? `some of mask_0 to mask_${names.length - 1}` : 'none' });
}

// --- depth -----------------------------------------------------------------------------------------

/** A file to look at, of the picture's size, and the numbers. @type {Task} */
async function measure(loaded, task) {
    const { inputs, width, height } = await pictureOf(loaded, task);
    const { predicted_depth: made } = await loaded.model(inputs);
    if (!made) throw new Failure('platform_unsupported', 'the model measures no depth', { field: 'task' });
    const [rows, columns] = made.dims.slice(-2);
    const size = mapSize(width, height);
    const depth = stretch(numbersOf(made), columns, rows, size.width, size.height);
    const grey = resample({ data: toGrey(depth), ...size, channels: 1 }, width, height, 'bilinear');
    const tensors = [
        bytes('depth', await writePng(grey, width, height, 1)),
        floats('predicted_depth', depth, [size.height, size.width]),
    ];
    const { outputs } = task;
    return answer({ width, height },
        tensors.filter(({ name }) => outputs.length === 0 || outputs.includes(name)));
}

// --- answers ---------------------------------------------------------------------------------------

/** @param {any} result @param {TensorBytes[]} tensors @returns {Outcome} */
const answer = (result, tensors = []) => ({ result, tensors });

/** @param {string} name @param {Uint8Array} file @returns {TensorBytes} */
const bytes = (name, file) => ({ name, datatype: 'UINT8', shape: [file.length], bytes: file });

/** @param {string} name @param {ArrayLike<number>} values @param {number[]} shape @returns {TensorBytes} */
const floats = (name, values, shape) =>
    ({ name, datatype: 'FP32', shape, bytes: new Uint8Array(new Float32Array(values).buffer) });

/** @type {Readonly<Record<string, Task>>} */
export const VISION_TASKS = Object.freeze({
    'image-classification': classify,
    'object-detection': detect,
    'image-segmentation': segment,
    'depth-estimation': measure,
    'image-feature-extraction': features,
});
