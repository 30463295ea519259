/** The tasks of models that hold pictures and text against each other, or read the one from the other. */
import { plain } from '../engine/answer.js';
import { Failure } from '../engine/failure.js';
import { sigmoid, softmax, toLabels } from '../engine/picture.js';
import { answerAbout } from './converse.js';
import { encoded } from './decoder.js';
import { generate } from './generate.js';
import { numbersOf, pictureOf } from './image/input.js';
import { labelsOf, sentenceInputs } from './labels.js';
import { hasVision } from './vision_chat.js';
import { startOf } from './seq2seq.js';
import { textOf } from './texts.js';
import { contextOf } from './writing.js';

/** @import { Loaded } from './loading.js' */
/** @import { CheckedTask, Task } from './tasks.js' */

/** The default sentence for a label. */
const TEMPLATE = 'This is a photo of {}';

/** SigLIP judges each label by itself, CLIP each against the others; SigLIP's texts are padded as it was
 * trained. @type {Task} */
async function classifyByLabels(loaded, task) {
    const labels = labelsOf(task.input?.labels);
    const { inputs } = await pictureOf(loaded, task);
    const isSiglip = loaded.config.model_type.startsWith('siglip');
    const made = await loaded.model({ ...sentenceInputs(loaded, task.options.hypothesis_template ?? TEMPLATE, labels, isSiglip), ...inputs });
    if (!made.logits_per_image) {
        throw new Failure('platform_unsupported', 'the model does not compare pictures with texts',
            { field: 'task', expected: 'a model such as CLIP or SigLIP' });
    }
    const values = Array.from(numbersOf(made.logits_per_image));
    const scores = isSiglip ? values.map(sigmoid) : softmax(values);
    return { tensors: [], result: { labels: toLabels(scores, { output: '', top: labels.length }, labels) } };
}

// --- text from pictures ----------------------------------------------------------------------------

/** The first tokens of the decoder, and the ends of its answer. @typedef {{tokens: number[], stop: string[],
 *     preserved: string[]}} Beginning */

/** An encoder of pictures and a decoder of text (VisionEncoderDecoder: ViT with GPT-2, TrOCR, Donut).
 * @param {Loaded} loaded @param {CheckedTask} task @param {Beginning} beginning
 * @param {import('../engine/run.js').Run} run */
function readPicture(loaded, task, beginning, run) {
    const { config, model, tokenizer } = loaded;
    if (model.main_input_name !== 'pixel_values' || config.is_encoder_decoder !== true) {
        throw new Failure('platform_unsupported', `models like ${config.model_type} do not do this here`,
            { field: 'task', expected: 'a model of the type vision-encoder-decoder' });
    }
    if (!tokenizer) throw new Failure('model_invalid', 'the folder has no file tokenizer.json');
    const room = config.decoder?.max_position_embeddings ?? config.decoder?.n_positions ?? Infinity;
    const context = Math.min(room, contextOf(loaded, task.options));
    const begin = async () => encoded(loaded, (await pictureOf(loaded, task)).inputs);
    return generate(loaded, { ...beginning, ends: [], parser: plain() }, task.options, context, run, begin);
}

/** The default question to a model that answers questions. */
const DESCRIBE = 'Describe the picture.';

/** @type {Task} */
async function describe(loaded, task, run) {
    if (hasVision(loaded)) return answerAbout(loaded, task, task.input?.prompt ?? DESCRIBE, run);
    const prompt = task.input?.prompt;
    const words = prompt && loaded.tokenizer ? tokensOf(loaded, prompt) : [];
    const tokens = [...startOf(loaded.model, undefined), ...words];
    return readPicture(loaded, task, { tokens, stop: task.options.stop ?? [], preserved: [] }, run);
}

/** @param {Loaded} loaded @param {string} text @returns {number[]} without any that the tokenizer adds */
const tokensOf = ({ tokenizer }, text) =>
    tokenizer(text, { add_special_tokens: false, return_tensor: false }).input_ids;

const ANSWER_TOKENS = 256;
const ANSWER_END = '</s_answer>';

/** Donut's way: the question is between its marks, and the answer continues from there. Its score is the joint
 * probability of its tokens. @type {Task} */
async function answerQuestion(loaded, task, run) {
    const question = String(task.input?.question ?? '').replace(/<\/?s_[a-z]+>/g, ' ');
    const marked = `<s_docvqa><s_question>${question}</s_question><s_answer>`;
    const tokens = loaded.tokenizer ? tokensOf(loaded, marked) : [];
    const options = { temperature: 0, max_tokens: ANSWER_TOKENS, logprobs: true };
    // The client gets an answer, and not the text as it comes.
    const quiet = Object.create(run, { isStream: { value: false }, from: { value: null } });
    const { result, ...outcome } = await readPicture(loaded, { ...task, options },
        { tokens, stop: [ANSWER_END], preserved: [ANSWER_END] }, quiet);
    /** @type {{logprob: number}[]} */
    const logprobs = result.logprobs ?? [];
    const score = Math.exp(logprobs.reduce((sum, { logprob }) => sum + logprob, 0));
    return { ...outcome, result: { answers: [{ answer: result.text.trim(), score }] } };
}

/** @type {Task} */
const answerWhatIsSeen = async (loaded, task, run) =>
    answerAbout(loaded, task, textOf(task.input?.question, 'question'), run);

/** @type {Readonly<Record<string, Task>>} */
export const MULTIMODAL_TASKS = Object.freeze({
    'zero-shot-image-classification': classifyByLabels,
    'image-to-text': describe,
    'document-question-answering': answerQuestion,
    'visual-question-answering': answerWhatIsSeen,
});
