/** The picture of a task as the library's, and as its model takes it. */
import { Failure } from '../../engine/failure.js';
import { readPixels } from '../../engine/pictures/decode.js';
import { bytesOf } from '../../engine/tensors.js';
import { settingsOf } from './settings.js';

/** @import { RunMessage } from '../../shared/messages.js' */
/** @import { Loaded } from '../loading.js' */

/**
 * `image` is the library's RawImage, `width` and `height` are the picture's own. `inputs` are what the model's processor makes of it: pixel_values and what goes with them.
 * @typedef {{image: any, width: number, height: number, inputs: Record<string, any>}} Picture
 */

/** @param {Loaded} loaded @param {RunMessage} task @returns {Promise<Picture>} @throws {Failure} */
export async function pictureOf(loaded, task) {
    const processor = processorOf(loaded);
    const image = await imageOf(loaded, task, task.input?.image);
    const { width, height } = image;
    return { image, width, height, inputs: await processor(image) };
}

/** The processor that prepares pictures. @param {Loaded} loaded @throws {Failure} if the folder does not say how */
export function processorOf({ processor }) {
    if (!processor) {
        throw new Failure('model_invalid', 'the folder has no file preprocessor_config.json',
            { expected: 'how pictures are prepared for the model' });
    }
    settingsOf(processor.image_processor?.config ?? {});
    return processor;
}

/** @typedef {{tensor: number, media_type: string}} Shown which of a task's tensors a picture is */

/** A picture's file. @param {RunMessage} task @param {Shown | undefined} picture
 * @returns {Uint8Array<ArrayBuffer>} @throws {Failure} if there is none */
export function fileOf(task, picture) {
    const entry = picture && task.tensors[picture.tensor];
    if (!entry) throw new Failure('input_invalid', 'the task has no picture', { field: 'inputs.image' });
    return /** @type {Uint8Array<ArrayBuffer>} */ (bytesOf(entry, task.frame, task.section));
}

/** A task's tensor as the library's RawImage.
 * @param {Loaded} loaded @param {RunMessage} task @param {Shown | undefined} picture
 * @returns {Promise<any>} @throws {Failure} if it is none */
export async function imageOf({ library }, task, picture) {
    const { data, width, height, channels } = await readPixels(fileOf(task, picture));
    return new library.RawImage(data, width, height, channels);
}

/** The numbers of an output of a model, which computes in 16 bits perhaps.
 * @param {any} tensor @returns {Float32Array} */
export const numbersOf = (tensor) => tensor.type === 'float32' ? tensor.data : tensor.to('float32').data;

/** The name of a class by its number, as the configuration has it.
 * @param {any} config @param {number} index */
export const labelOf = (config, index) => String(config.id2label?.[index] ?? `LABEL_${index}`);
