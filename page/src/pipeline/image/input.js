/** The picture of a task as the library's, and as its model takes it. */
import { Failure } from '../../engine/failure.js';
import { bytesOf } from '../../engine/tensors.js';
import { readPixels } from './pixels.js';
import { useOurPixels } from './raw_image.js';

/** @typedef {import('../../shared/messages.js').RunMessage} RunMessage */
/** @typedef {import('../loading.js').Loaded} Loaded */

/**
 * `image` is the library's RawImage, which its processors change; `width` and `height` are the picture's
 * own. `inputs` are what the model's processor makes of it: pixel_values and what goes with them.
 * @typedef {{image: any, width: number, height: number, inputs: Record<string, any>}} Picture
 */

/** @param {Loaded} loaded @param {RunMessage} task @returns {Promise<Picture>} @throws {Failure} */
export async function pictureOf({ library, processor }, task) {
    if (!processor) {
        throw new Failure('model_invalid', 'The folder has no file preprocessor_config.json.',
            { expected: 'how pictures are prepared for the model' });
    }
    const { tensor, media_type: type } = task.input?.image ?? {};
    const entry = task.tensors[tensor];
    if (!entry) throw new Failure('input_invalid', 'The task has no picture.', { field: 'inputs.image' });
    const { data, width, height, channels } = await readPixels(
        /** @type {Uint8Array<ArrayBuffer>} */ (bytesOf(entry, task.frame, task.section)), type);
    useOurPixels(library);
    const image = new library.RawImage(data, width, height, channels);
    return { image, width, height, inputs: await processor(image) };
}

/** The numbers of an output of a model, which computes in 16 bits perhaps.
 * @param {any} tensor @returns {Float32Array} */
export const numbersOf = (tensor) => tensor.type === 'float32' ? tensor.data : tensor.to('float32').data;

/** The name of a class by its number, as the configuration has it.
 * @param {any} config @param {number} index */
export const labelOf = (config, index) => String(config.id2label?.[index] ?? `LABEL_${index}`);
