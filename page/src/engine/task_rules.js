/** Which options a task has, and how much may be asked: src/terms/task/ says it. Made by scripts/task-rules.mjs. */

/** @import { Rule } from './options.js' */

export const LIMITS = Object.freeze({
    texts: 2048,
    labels: 256,
    label: 1000,
    judged: 4096,
    stops: 16,
    stop: 256,
    biases: 1024,
    schema: 65536,
    tools: 262144,
    tool_name: 64,
    depth: 32,
    sound_seconds: 3600,
    sound_rate_min: 1000,
    sound_rate_max: 384000,
    sound_channels: 32,
});

/** @type {Readonly<Record<string, Rule>>} */
const WRITING = Object.freeze({
    max_tokens: { least: 1, most: 10000000, whole: true },
    temperature: { least: 0, most: 2 },
    top_p: { least: 0, most: 1 },
    top_k: { least: 0, most: 1000000, whole: true },
    min_p: { least: 0, most: 1 },
    repeat_penalty: { least: 0.01, most: 10 },
    frequency_penalty: { least: -2, most: 2 },
    presence_penalty: { least: -2, most: 2 },
    logit_bias: 'biases',
    stop: { texts: 16, bytes: 256 },
    seed: { least: -9007199254740991, most: 9007199254740991, whole: true },
    n: { least: 1, most: 64, whole: true },
    logprobs: 'flag',
    top_logprobs: { least: 0, most: 20, whole: true },
    response_format: 'object',
    grammar: { bytes: 65536 },
    json_schema: 'any',
    deterministic: 'flag',
    context: { least: 16, most: 10000000, whole: true },
});

/** Of models in folders. @type {Readonly<Record<string, Readonly<Record<string, Rule>>>>} */
export const FOLDER_RULES = Object.freeze({
    chat: {
        ...WRITING,
        tools: { items: 128 },
        tool_choice: 'any',
        chat_template_kwargs: 'object',
    },
    complete: WRITING,
    embed: {
        pooling: { among: ['mean', 'cls', 'last', 'none'] },
        normalize: 'flag',
        dimensions: { least: 1, most: 65536, whole: true },
        truncate: 'flag',
    },
    rerank: {
        truncate: 'flag',
    },
    tokenize: {
        add_special: 'flag',
        tools: { items: 128 },
        tool_choice: 'any',
        chat_template_kwargs: 'object',
    },
    'text-classification': {
        top: { least: 1, most: 1000, whole: true },
        truncate: 'flag',
        activation: { among: ['softmax', 'sigmoid', 'none'] },
    },
    'token-classification': {
        aggregation: { among: ['none', 'simple'] },
        ignore_labels: { texts: 1000, bytes: 1000 },
        truncate: 'flag',
    },
    'fill-mask': {
        top: { least: 1, most: 1000, whole: true },
    },
    'question-answering': {
        top: { least: 1, most: 1000, whole: true },
    },
    'zero-shot-classification': {
        multi_label: 'flag',
        hypothesis_template: { bytes: 1024 },
        truncate: 'flag',
    },
    'text2text-generation': {
        ...WRITING,
        truncate: 'flag',
    },
    translation: {
        ...WRITING,
        truncate: 'flag',
        source_language: { bytes: 32 },
        target_language: { bytes: 32 },
    },
    summarization: {
        ...WRITING,
        truncate: 'flag',
    },
    'image-classification': {
        top: { least: 1, most: 1000, whole: true },
    },
    'object-detection': {
        threshold: { least: 0, most: 1 },
    },
    'image-segmentation': {
        threshold: { least: 0, most: 1 },
        subtask: { among: ['semantic', 'instance', 'panoptic'] },
    },
    'depth-estimation': {},
    'image-feature-extraction': {},
    'automatic-speech-recognition': {
        language: { bytes: 32 },
        translate: 'flag',
        timestamps: { among: ['none', 'segment', 'word', 'both'] },
        details: 'flag',
        max_tokens: { least: 1, most: 4096, whole: true },
        prompt: { bytes: 4096 },
    },
    'audio-classification': {
        top: { least: 1, most: 1000, whole: true },
    },
    'text-to-speech': {
        speaker: { bytes: 64 },
        speed: { least: 0.25, most: 4 },
    },
    'zero-shot-image-classification': {
        hypothesis_template: { bytes: 1024 },
    },
    'zero-shot-audio-classification': {
        hypothesis_template: { bytes: 1024 },
    },
    'image-to-text': WRITING,
    'document-question-answering': {},
    'visual-question-answering': WRITING,
});

/** Of models in GGUF files. @type {Readonly<Record<string, Readonly<Record<string, Rule>>>>} */
export const GGUF_RULES = Object.freeze({
    chat: {
        ...WRITING,
        tools: { items: 128 },
        tool_choice: 'any',
        chat_template_kwargs: 'object',
    },
    complete: WRITING,
    embed: {
        dimensions: { least: 1, most: 65536, whole: true },
        normalize: 'flag',
        context: { least: 16, most: 10000000, whole: true },
    },
    rerank: {
        context: { least: 16, most: 10000000, whole: true },
    },
    tokenize: {
        add_special: 'flag',
        tools: { items: 128 },
        tool_choice: 'any',
        chat_template_kwargs: 'object',
    },
});
