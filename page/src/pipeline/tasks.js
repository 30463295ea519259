/** The tasks of models in the Hugging Face layout, by their names. */
import { Failure } from '../engine/failure.js';
import { FOLDER_RULES } from '../engine/task_rules.js';
import { AUDIO_TASKS } from './audio.js';
import { CONVERSE_TASKS } from './converse.js';
import { MULTIMODAL_TASKS } from './multimodal.js';
import { SEQ2SEQ_TASKS } from './seq2seq.js';
import { SPEECH_TASKS } from './speech.js';
import { TEXT_TASKS } from './text.js';
import { VISION_TASKS } from './vision.js';
import { NARROWER } from './writing.js';

/** @import { Outcome } from '../engine/engine.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { RunMessage } from '../shared/messages.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Rule } from '../engine/options.js' */
/** A task whose options were checked. @typedef {RunMessage & {options: Record<string, any>}} CheckedTask */
/** Runs a task: its options were checked. Its exceptions are the request's failure, except for those of
 * onnxruntime-web.
 * @typedef {(loaded: Loaded, task: CheckedTask, run: Run) => Promise<Outcome>} Task */

/** @type {Readonly<Record<string, Task>>} */
export const TASKS = Object.freeze({
    ...AUDIO_TASKS, ...CONVERSE_TASKS, ...MULTIMODAL_TASKS, ...SEQ2SEQ_TASKS, ...SPEECH_TASKS, ...TEXT_TASKS,
    ...VISION_TASKS,
});

/** @param {string | undefined} name
 * @returns {{options: Readonly<Record<string, Rule>>, run: Task}} which options it has, and what it does
 * @throws {Failure} */
export function taskOf(name) {
    if (name !== undefined && Object.hasOwn(TASKS, name)) {
        const options = FOLDER_RULES[name];
        return { options: 'grammar' in options ? { ...options, ...NARROWER } : options, run: TASKS[name] };
    }
    const message = name === undefined ? 'the request names no task'
        : `this page has no task "${name.slice(0, 64)}"`;
    throw new Failure('input_invalid', message,
        { field: 'task', expected: `one of ${Object.keys(TASKS).join(', ')}` });
}
