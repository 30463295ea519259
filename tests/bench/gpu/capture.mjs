/** Graph capture in bare onnxruntime-web: whether it gives the right answers for two different inputs, and what a run takes with it and without. */
import fs from 'node:fs';
import path from 'node:path';
import { sharedModels } from '../../lib/paths.mjs';
import { modelOf } from '../kernels/graphs.mjs';
import { CASES, SUBJECTS, VISION } from './store.mjs';
import { withTab } from './tab.mjs';

/** Runs are timed for so long, both sessions together; a model of which one takes longer is left out. */
const TIMED_MS = 1500;
const [SUBJECT] = SUBJECTS;
/** Small ones first, and one that people use. */
const MODELS = ['vision_mnist_ms_digit7', 'audio_dtln_model1', VISION[1]];

/** What the page needs of a model: a case, or a kernel's graph. @param {string} name @param {readonly any[]} subjects */
export function wanted(name, subjects) {
    const subject = subjects.find((one) => modelOf(one) === name);
    if (subject) {
        const inputs = Object.entries(subject.shapes).map(([input, shape]) => ({ name: input, dtype: 'float32', shape }));
        return { name, inputs, rtol: 1e-3, atol: 1e-4 };
    }
    const { inputs, rtol, atol } = JSON.parse(fs.readFileSync(path.join(sharedModels, name, 'case.json'), 'utf8'));
    return { name, inputs, rtol, atol };
}

/** What is told of a model, by what the page says. @param {any} said */
export function figuresOf({ plain, free, fixed, elsewhere = [] }) {
    if (plain) throw new Error(plain);
    const made = [free, fixed].find((one) => one?.stage === 'done');
    if (!made) return { captured: 'no', reason: elsewhere.join('; ') || (fixed ?? free).reason };
    const { answers, bind_groups: groups, plain_ms: plainMs, captured_ms: capturedMs } = made;
    return { captured: made === free ? 'yes' : 'with fixed sizes', answers, bind_groups: groups.join(', '), plain_ms: plainMs, captured_ms: capturedMs,
        times_as_fast: plainMs / capturedMs };
}

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row[]} */
export const captureRows = (ground) => [modelOf(SUBJECT), ...MODELS.filter((name) => CASES.includes(name))].map((name) => ({
    name: `graph capture of ${name}`, most: 30, measure: async (figures) => {
        const what = JSON.stringify({ ...wanted(name, SUBJECTS), timeMs: TIMED_MS });
        Object.assign(figures, figuresOf(await withTab(ground, 'capture.html', (tab) => tab.evaluated(`window.capture(${what}).then(JSON.stringify)`))));
    } }));
