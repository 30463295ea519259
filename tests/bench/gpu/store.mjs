/** The models that the rows are measured with: cases, kernels as graphs, and a text model as GGUF and as a folder. */
import fs from 'node:fs';
import path from 'node:path';
import { assembleModels } from '../../lib/daemon.mjs';
import { makeFamilies } from '../../lib/families.mjs';
import { sharedModels } from '../../lib/paths.mjs';
import { writeModel } from '../batches/clients.mjs';
import { makeShapes } from '../chat/shapes.mjs';
import { attention, matmul, putSubjects } from '../kernels/graphs.mjs';
import { names as suite } from '../suite.mjs';
import { SIZES } from '../tasks/sizes.mjs';

export const SHAPE = '44M', FOLDER = 'gpt2-long';
/** Pictures first, as most people ask for. */
export const VISION = ['light_resnet50', 'light_squeezenet', 'light_inception_v1'];
export const OTHERS = suite.filter((name) => !VISION.includes(name) && name !== 'cnn_squeezenet_randw');
/** What of them is here. */
export const CASES = sharedModels ? [...VISION, ...OTHERS] : [];
/** Those whose rows are joined. */
export const BATCHED = ['digits', ...sharedModels ? ['text_embed'] : []];
/** Kernels, and the same as graphs. */
export const SUBJECTS = [...[256, 1024, 2048].map(matmul), attention(1024, 64)];
/** Of the folder; coarse weights, so that a pack of them is small. */
const FOLDER_SIZES = { ...SIZES, coarse: 2 };

/** Puts what a store lacks of them into it, each once it is whole. @param {string} store */
export function completeStore(store) {
    const fresh = fs.mkdtempSync(path.join(store, '.new-')), isMissing = (name) => !fs.existsSync(path.join(store, name));
    try {
        assembleModels(fresh, CASES.filter(isMissing));
        putSubjects(fresh, SUBJECTS);
        for (const name of BATCHED.filter(isMissing)) writeModel(fresh, name);
        if (isMissing(SHAPE)) makeShapes(fresh, [SHAPE]);
        if (isMissing(FOLDER)) fs.cpSync(path.join(makeFamilies(FOLDER_SIZES, [FOLDER]), FOLDER), path.join(fresh, FOLDER), { recursive: true });
        for (const name of fs.readdirSync(fresh).filter(isMissing)) fs.renameSync(path.join(fresh, name), path.join(store, name));
    } finally {
        fs.rmSync(fresh, { recursive: true });
    }
}
