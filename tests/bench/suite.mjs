/** The models that benches measure: cases of ../shared/models, with their inputs. */
import fs from 'node:fs';
import path from 'node:path';
import * as kserve from '../lib/kserve.mjs';
import { sharedModels } from '../lib/paths.mjs';

export const names = ['op_add', 'vision_mnist_ms_digit7', 'audio_dtln_model1',
    'text_embed_generated_h64_l2', 'cnn_squeezenet_randw', 'light_resnet50'];

const spec = (name) =>
    JSON.parse(fs.readFileSync(path.join(sharedModels, name, 'case.json'), 'utf8'));

/** The inputs of a case. */
export function tensors(name) {
    return spec(name).inputs.map(({ name: input, dtype, shape, file }) => ({
        name: input, datatype: kserve.fromNumpy[dtype], shape,
        bytes: fs.readFileSync(path.join(sharedModels, name, file)),
    }));
}

/** What a page needs in order to run the models. */
export const wanted = (chosen, threads) =>
    chosen.map((name) => ({ name, threads, inputs: spec(name).inputs }));
